// SPDX-License-Identifier: MIT
//
// The protocol of CpuCached (docs/cpu_cached.md) for spin. Blocks are all alike, so a list is a count; a stock has room
// for one block, and so has the depot. What another CPU or an interrupt could come between is a step of its own.
//
//   -DCPUS=n -DBLOCKS=n   how many there are: two or three CPUs
//   -DDIRECT              a requester takes others' stocks, with `inside` and the barrier; else it interrupts them
//   -DDEVICES=n           CPUs below n have a device whose interrupts allocate and free
//   -DMASKED=n            CPUs below n may call with interrupts masked
//   -DDEAF                the last CPU may mask interrupts for longer than the others' patience
//   -DOFFLINE             the last CPU goes offline at its end
//   a mutant's name       one rule is broken
//
// Found wrong are: a block in two places or lost (CONSERVED), lists that two touch at once, a wrong refusal
// (MAY_REFUSE), waiting with the lock held, and waiting for ever: every program may end at any time, so who waits in
// vain is in an invalid end state. At the end the first CPU must get every block that there is.

#ifndef CPUS
#define CPUS 2
#endif
#ifndef BLOCKS
#define BLOCKS 2
#endif
#ifndef DEVICES
#define DEVICES 0
#endif
#ifndef MASKED
#define MASKED 0
#endif
#define LAST (CPUS - 1)

#define IN_USE 0
#define ASKED_FOR 1
#define GIVEN_UP 2
#define TAKING 3
#define HANDED_OVER 4
#define IS_ASKED(cpu) (state[cpu] == ASKED_FOR || state[cpu] == GIVEN_UP)

byte engine = BLOCKS, depot, recalls;
byte lock; // 0, or the holder's number and 1
byte state[CPUS], stock[CPUS], handed[CPUS];
bit room[CPUS], joined[CPUS];
bit masked[CPUS], called[CPUS], handling[CPUS], offline[CPUS];
bit inside[CPUS], seen_inside[CPUS]; // what the owner has stored, and what the others see
bit touching[CPUS];                  // the owner uses its lists without the lock
bit deaf;
byte lent, done;
byte hopeful; // a bit for each request: since it began there always was a block that a CPU that answers could give

#if CPUS == 2
#define SUM(list) (list[0] + list[1])
#define EVERY(what) what(0); what(1)
#define ANY(what) (what(0) || what(1))
#else
#define SUM(list) (list[0] + list[1] + list[2])
#define EVERY(what) what(0); what(1); what(2)
#define ANY(what) (what(0) || what(1) || what(2))
#endif

#ifdef DIRECT
#define IS_AWAY (deaf || (state[LAST] == GIVEN_UP && inside[LAST]))
#else
#define IS_AWAY (deaf || state[LAST] == GIVEN_UP)
#endif
#define CONSERVED assert(engine + depot + SUM(stock) + SUM(handed) + lent == BLOCKS)
#define NOTE hopeful = ((lent + (IS_AWAY -> stock[LAST] : 0) >= BLOCKS) -> 0 : hopeful)
#define LEND(me) lent++; mine++; CONSERVED; hopeful = hopeful & ~(1 << me); NOTE
#define MAY_REFUSE(me) assert(!(hopeful & (1 << me)))

// Steps that nobody can come between: with interrupts masked, of what only this CPU or the lock's holder touches.
#ifdef DIRECT
#define UNSEEN
#elif defined(MUTANT_FAST_PATH_UNMASKED) || defined(MUTANT_SERVES_UNMASKED) || defined(MUTANT_TAKES_ANYWAY)
#define UNSEEN
#else
#define UNSEEN atomic
#endif
#ifdef MUTANT_SERVES_UNMASKED
#define MASK_TO_SERVE
#else
#define MASK_TO_SERVE masked[self] = 1
#endif

inline hand_over(cpu) {
  if
  :: UNSEEN {
       atomic { IS_ASKED(cpu) -> state[cpu] = TAKING }
       assert(!touching[cpu]);
       count = stock[cpu];
       d_step { handed[cpu] = count; stock[cpu] = 0; room[cpu] = 0; state[cpu] = HANDED_OVER; count = 0; CONSERVED }
     }
  :: else
  fi
}

inline acquire() {
  do
  :: atomic { lock == 0 -> lock = self + 1; masked[self] = 1; break }
#if !defined(DIRECT) && !defined(MUTANT_LOOPS_DO_NOT_SERVE)
  :: UNSEEN {
       atomic { lock != 0 && IS_ASKED(self) -> MASK_TO_SERVE }
       hand_over(self);
       masked[self] = saved
     }
#endif
  od
}

inline release() {
  d_step { assert(lock == self + 1); lock = 0; masked[self] = saved }
}

#ifdef MUTANT_COLLECTOR_ENDS_IT
#define COLLECTED(cpu) state[cpu] = IN_USE
#else
#define COLLECTED(cpu) skip
#endif
#define COLLECT(cpu) \
  if \
  :: state[cpu] == HANDED_OVER -> engine = engine + handed[cpu]; handed[cpu] = 0; COLLECTED(cpu) \
  :: else \
  fi

// Two steps, which only the lock makes one.
inline collect() {
  count = engine;
  d_step { engine = count + depot; depot = 0; EVERY(COLLECT); count = 0; CONSERVED }
}

// Under the lock. If the state is IN_USE now, it is until the release, as only a holder of the lock asks.
inline settle() {
  hand_over(self);
  d_step {
    if
    :: COLLECT(self)
    fi;
    if
    :: state[self] == HANDED_OVER && recalls == 0 -> state[self] = IN_USE
    :: else
    fi;
    CONSERVED
  }
}

#define CLOSE(cpu) engine = engine + stock[cpu]; stock[cpu] = 0; room[cpu] = 0; CONSERVED

inline gather_here() {
  settle();
  d_step {
    if
    :: state[self] == IN_USE -> CLOSE(self)
    :: else
    fi
  }
  collect()
}

#if defined(DIRECT) && !defined(MUTANT_FORGETS_WHOM_IT_GAVE_UP)
#define LOOKS_AT(cpu) (state[cpu] != IN_USE && state[cpu] != HANDED_OVER)
#else
#define LOOKS_AT(cpu) (state[cpu] == ASKED_FOR || state[cpu] == TAKING)
#endif
#define ASK(cpu) \
  if \
  :: state[cpu] == IN_USE && joined[cpu] && cpu != self -> state[cpu] = ASKED_FOR; asked = asked | (1 << cpu) \
  :: else -> asked = asked & ~(1 << cpu) \
  fi
#ifdef MUTANT_CALLS_ONLY_WHOM_IT_ASKED
#define WANTED(cpu) (asked & (1 << cpu))
#else
#define WANTED(cpu) true
#endif
#ifdef MUTANT_NO_BARRIER
#define CALL(cpu) skip
#elif defined(DIRECT)
#define CALL(cpu) seen_inside[cpu] = (WANTED(cpu) -> inside[cpu] : seen_inside[cpu])
#else
#define CALL(cpu) called[cpu] = (state[cpu] == ASKED_FOR && WANTED(cpu) -> 1 : called[cpu])
#endif

#ifdef MUTANT_TAKES_ANYWAY
#define MAY_TAKE(cpu) true
#else
#define MAY_TAKE(cpu) (!seen_inside[cpu])
#endif
#ifdef MUTANT_DOES_NOT_WAIT_FOR_ITSELF
#define SKIPS(cpu) (cpu == self)
#else
#define SKIPS(cpu) false
#endif

inline wait_for_answers() {
  assert(lock != self + 1);
  do
  :: cpu == CPUS -> break
  :: cpu < CPUS && (SKIPS(cpu) || !LOOKS_AT(cpu)) -> cpu++
#if defined(DIRECT) || defined(MUTANT_TAKES_ANYWAY)
  :: cpu < CPUS && IS_ASKED(cpu) && LOOKS_AT(cpu) && MAY_TAKE(cpu) -> hand_over(cpu)
  :: d_step { cpu < CPUS && state[cpu] == GIVEN_UP && LOOKS_AT(cpu) && !MAY_TAKE(cpu) -> cpu++; NOTE }
#elif !defined(MUTANT_LOOPS_DO_NOT_SERVE)
  :: UNSEEN {
       atomic { IS_ASKED(self) -> MASK_TO_SERVE }
       hand_over(self);
       masked[self] = saved
     }
#endif
#ifdef DEAF
  :: d_step { cpu == LAST && deaf && state[LAST] == ASKED_FOR -> state[LAST] = GIVEN_UP; cpu++ }
#endif
  od;
  cpu = 0
}

#ifdef MUTANT_RECALLS_NOT_COUNTED
#define COUNT_RECALL(change) skip
#else
#define COUNT_RECALL(change) recalls = recalls change
#endif

#if defined(MUTANT_COLLECTS_UNLOCKED) || defined(MUTANT_DOES_NOT_COLLECT)
#define GATHER_AGAIN skip
#else
#define GATHER_AGAIN gather_here()
#endif
#ifdef MUTANT_DOES_NOT_LOOK_AGAIN
#define LOOK_AGAIN skip
#else
#define LOOK_AGAIN gather_here()
#endif

inline call_and_wait() {
#ifdef MUTANT_WAITS_LOCKED
  d_step { EVERY(CALL) }
  wait_for_answers()
#else
  release();
  d_step { EVERY(CALL) }
  wait_for_answers();
#ifdef MUTANT_COLLECTS_UNLOCKED
  collect();
#endif
  acquire()
#endif
}

// Under the lock, and the engine is empty.
inline recall(me) {
  d_step { COUNT_RECALL(+ 1); EVERY(ASK) }
  if
  :: ANY(LOOKS_AT) ->
     call_and_wait();
     GATHER_AGAIN
  :: else ->
     LOOK_AGAIN
  fi;
  d_step {
    asked = 0;
    COUNT_RECALL(- 1);
    if
    :: engine > 0 -> engine--; LEND(me)
    :: else -> MAY_REFUSE(me)
    fi
  }
}

#define MAY_STOCK (state[self] == IN_USE && recalls == 0)
#define JOIN room[self] = 1; joined[self] = 1

inline allocate_slowly(me) {
  acquire();
  settle();
  if
  :: d_step { MAY_STOCK && depot > 0 -> depot--; JOIN; LEND(me) }
  :: d_step { !(MAY_STOCK && depot > 0) && engine > 0 -> engine--; LEND(me);
       if
       :: MAY_STOCK && engine > 0 && stock[self] == 0 -> engine--; stock[self]++; JOIN
       :: else
       fi;
       CONSERVED }
  :: else ->
     gather_here();
     if
     :: d_step { engine > 0 -> engine--; LEND(me) }
     :: else -> recall(me)
     fi
  fi;
  release()
}

#ifdef MUTANT_USES_LISTS_WHILE_ASKED
#define MAY_PUT (recalls == 0 || room[self])
#else
#define MAY_PUT MAY_STOCK
#endif

inline free_slowly() {
  acquire();
  settle();
  count = stock[self];
  d_step {
    if
    :: MAY_PUT && count == 0 -> stock[self] = 1; JOIN
    :: MAY_PUT && count > 0 && depot == 0 -> depot++
    :: else -> engine++
    fi;
    count = 0; lent--; mine--; CONSERVED
  }
  release()
}

#ifdef DIRECT
// Others see the store of `inside` at once, or only after the barrier or with the next store, when the fast path ends.
// Any moment between would show them no more, as what matters is one look that finds it 0.
inline enter() {
  atomic { inside[self] = 1; if :: seen_inside[self] = 1 :: true fi }
  atomic { touching[self] = (state[self] == IN_USE); count = stock[self] }
#ifdef DEAF
  if
  :: d_step { self == LAST && touching[self] -> deaf = 1; NOTE } deaf = 0
  :: true
  fi
#endif
}
#define MAY_TOUCH (touching[self])
#define LEAVE touching[self] = 0; inside[self] = 0; seen_inside[self] = 0; count = 0
#else
inline enter() {
#ifndef MUTANT_FAST_PATH_UNMASKED
  masked[self] = 1;
#endif
  count = stock[self]
}
#define MAY_TOUCH true
#define LEAVE masked[self] = saved; count = 0
#endif

inline allocate(me) {
  UNSEEN {
    d_step { hopeful = hopeful | (1 << me); NOTE }
    enter();
    atomic {
      if
      :: MAY_TOUCH && count > 0 -> stock[self] = count - 1; LEND(me)
      :: else -> slow = 1
      fi;
      LEAVE
    }
  }
  if
  :: atomic { slow -> slow = 0 } allocate_slowly(me)
  :: else
  fi
}

inline deallocate() {
  UNSEEN {
    enter();
    atomic {
      if
      :: MAY_TOUCH && room[self] && count == 0 -> stock[self] = 1; lent--; mine--; CONSERVED
      :: else -> slow = 1
      fi;
      LEAVE
    }
  }
  if
  :: atomic { slow -> slow = 0 } free_slowly()
  :: else
  fi
}

#ifdef MUTANT_RETIRES_WITH_STOCK
#define RETIRE(cpu) skip
#else
#define RETIRE(cpu) CLOSE(cpu)
#endif
// By the CPU itself as its last call, or by another when it runs no more.
inline retire(cpu) {
  acquire();
  hand_over(cpu);
  d_step {
    if
    :: COLLECT(cpu)
    fi;
    if
    :: state[cpu] != TAKING -> RETIRE(cpu); state[cpu] = IN_USE; joined[cpu] = 0
    :: else // another is about to hand all of it over
    fi
  }
}

// A program calls whenever its CPU does not handle an interrupt, until it ends. The first waits for the others to end,
// and then takes all blocks.
#ifdef DIRECT
#define UNLESS_INTERRUPTED
#else
#define UNLESS_INTERRUPTED provided (!handling[self])
#endif
proctype Cpu(byte self) UNLESS_INTERRUPTED {
  byte mine, count, asked, cpu;
  bit saved, slow, gathers;
  do
  :: (!gathers || (done == LAST && !(offline[LAST] && deaf))) && mine < BLOCKS ->
#if MASKED
     atomic { if :: self < MASKED -> saved = 1; masked[self] = 1 :: true fi }
#endif
     allocate(self);
#if MASKED
     d_step { saved = 0; masked[self] = 0 }
#endif
  :: !gathers && mine > 0 -> deallocate()
  :: d_step { self == 0 && !gathers && mine == 0 -> gathers = 1 }
  :: gathers && mine == BLOCKS -> break
#ifdef OFFLINE
  :: self == LAST && mine == 0 -> retire(LAST); d_step { offline[LAST] = 1; lock = 0; done++ } break
  :: d_step { self == LAST && mine == 0 -> offline[LAST] = 1; deaf = 1; NOTE; done++ } break
  :: atomic { gathers && deaf && done == LAST -> deaf = 0 } retire(LAST); release()
#endif
  :: d_step { self != 0 && mine == 0 -> done++ } break
#if defined(DEAF) && !defined(DIRECT)
  :: d_step { self == LAST -> deaf = 1; masked[self] = 1; NOTE }
     d_step { deaf = 0; masked[self] = 0 }
#endif
  od
}

// What interrupts the CPU: the calls, and its device.
proctype Interrupts(byte self) {
  byte mine, count, asked, cpu;
  bit saved = 1, slow;
end:
  do
  :: UNSEEN {
       atomic {
         called[self] && !masked[self] && !handling[self] && !offline[self] -> called[self] = 0; handling[self] = 1
       }
       hand_over(self);
       handling[self] = 0
     }
#if DEVICES
  :: atomic {
       self < DEVICES && !masked[self] && !handling[self] && done < LAST -> handling[self] = 1; masked[self] = 1
     }
     allocate((self + CPUS));
     if
     :: mine > 0 -> deallocate()
     :: else
     fi;
     d_step { handling[self] = 0; masked[self] = 0 }
#endif
  od
}

init {
  byte cpu;
  atomic {
    for (cpu : 0 .. LAST) {
      run Cpu(cpu);
#ifndef DIRECT
      run Interrupts(cpu)
#endif
    }
  }
}
