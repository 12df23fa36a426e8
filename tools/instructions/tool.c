// SPDX-License-Identifier: MIT
// A Valgrind tool that counts the instructions each thread of a program executes. README.md says what that means.
#include "pub_tool_basics.h"
#include "pub_tool_clreq.h"
#include "pub_tool_mallocfree.h"
#include "pub_tool_options.h"
#include "pub_tool_threadstate.h"
#include "pub_tool_tooliface.h"
#include "pub_tool_vki.h"
#include "pub_tool_vkiscnums.h"

// Of the thread that runs now. The program reads it in place: tool and program share one address space.
static ULong executed;

// Of each thread, while it does not run.
static ULong* executed_by;

// Of all threads, up to the last stop of one.
static ULong executed_by_all;

static void thread_runs(ThreadId thread, ULong unused_blocks) { executed = executed_by[thread]; }

static void thread_stops(ThreadId thread, ULong unused_blocks) {
  executed_by_all += executed - executed_by[thread];
  executed_by[thread] = executed;
}

// Valgrind gives the number of a thread that ended to a new one.
static void thread_begins(ThreadId unused_parent, ThreadId thread) { executed_by[thread] = 0; }

static void add_to_executed(IRSB* block, ULong instructions) {
  IRExpr* place = mkIRExpr_HWord((HWord)&executed);
  IRTemp before = newIRTemp(block->tyenv, Ity_I64);
  IRTemp after = newIRTemp(block->tyenv, Ity_I64);
  IRExpr* sum = IRExpr_Binop(Iop_Add64, IRExpr_RdTmp(before), IRExpr_Const(IRConst_U64(instructions)));
  addStmtToIRSB(block, IRStmt_WrTmp(before, IRExpr_Load(Iend_LE, Ity_I64, place)));
  addStmtToIRSB(block, IRStmt_WrTmp(after, sum));
  addStmtToIRSB(block, IRStmt_Store(Iend_LE, place, IRExpr_RdTmp(after)));
}

// Adds what ran since the last addition wherever control may leave the block, and at every fence: there the program
// may read the count.
static IRSB* instrument(VgCallbackClosure* unused_closure, IRSB* in, const VexGuestLayout* unused_layout,
                        const VexGuestExtents* unused_extents, const VexArchInfo* unused_host, IRType unused_guest_word,
                        IRType unused_host_word) {
  IRSB* out = deepCopyIRSBExceptStmts(in);
  ULong pending = 0;
  for (Int i = 0; i < in->stmts_used; i++) {
    IRStmt* statement = in->stmts[i];
    Bool leaves = statement->tag == Ist_Exit || statement->tag == Ist_MBE;
    if (leaves && pending > 0) {
      add_to_executed(out, pending);
      pending = 0;
    }
    if (statement->tag == Ist_IMark) pending++;
    addStmtToIRSB(out, statement);
  }
  if (pending > 0) add_to_executed(out, pending);
  return out;
}

// The one request: where the count is.
static Bool answer(ThreadId unused_thread, UWord* arguments, UWord* result) {
  if (arguments[0] != VG_USERREQ_TOOL_BASE('B', 'H')) return False;
  *result = (UWord)&executed;
  return True;
}

// What would differ from run to run: an allocator that asks for the time gets a nanosecond an instruction, one that
// asks for chance gets the same bytes each time (not zeros: glibc tells its free blocks by a word of chance).
static void after_system_call(ThreadId unused_thread, UInt number, UWord* arguments, UInt unused_count, SysRes result) {
  if (sr_isError(result)) return;
  Long seconds = (Long)(executed_by_all / 1000000000);
  Long nanoseconds = (Long)(executed_by_all % 1000000000);
  if (number == __NR_clock_gettime) {
    *(struct vki_timespec*)arguments[1] = (struct vki_timespec){seconds, nanoseconds};
  } else if (number == __NR_gettimeofday && arguments[0] != 0) {
    *(struct vki_timeval*)arguments[0] = (struct vki_timeval){seconds, nanoseconds / 1000};
  } else if (number == __NR_getrandom) {
    for (UWord i = 0; i < sr_Res(result); i++) ((UChar*)arguments[0])[i] = (UChar)(0x3B + 0x9D * i);
  }
}

static void before_system_call(ThreadId unused_thread, UInt unused_number, UWord* unused_arguments, UInt unused_count) {
}

static void after_options(void) {
  // Else Valgrind may join two blocks, and those of the second run, without effect, even where it is jumped over.
  VG_(clo_vex_control).guest_chase = False;
  executed_by = VG_(calloc)("executed_by", VG_N_THREADS, sizeof(ULong));
}

static void at_exit(Int unused_status) {}

static void before_options(void) {
  VG_(details_name)("instructions");
  VG_(details_version)(NULL);
  VG_(details_description)("counts the instructions of each thread");
  VG_(details_copyright_author)("Part of bareheap, MIT licence.");
  VG_(details_bug_reports_to)("the authors of bareheap");
  VG_(basic_tool_funcs)(after_options, instrument, at_exit);
  VG_(needs_client_requests)(answer);
  VG_(needs_syscall_wrapper)(before_system_call, after_system_call);
  VG_(track_start_client_code)(thread_runs);
  VG_(track_stop_client_code)(thread_stops);
  VG_(track_pre_thread_ll_create)(thread_begins);
}

VG_DETERMINE_INTERFACE_VERSION(before_options)
