// SPDX-License-Identifier: MIT
//! The heap as the allocator of a Rust program, over the C interface (include/bareheap/bareheap.h). It uses `core`
//! alone, so a kernel can take it as it is, with a lock that masks interrupts where handlers allocate.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, Ordering};

#[repr(C)]
pub struct Heap {
    _opaque: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Statistics {
    pub free_bytes: usize,
    pub used_bytes: usize,
    pub meta_bytes: usize,
    pub largest_free: usize,
    pub used_extents: usize,
    pub free_extents: usize,
    pub holes: usize,
}

pub const DEFAULT: u32 = 0;

extern "C" {
    fn bareheap_init(region: *mut c_void, size: usize, flags: u32) -> *mut Heap;
    fn bareheap_allocate(heap: *mut Heap, size: usize, alignment: usize) -> *mut c_void;
    fn bareheap_allocate_zeroed(heap: *mut Heap, size: usize, alignment: usize) -> *mut c_void;
    fn bareheap_deallocate(heap: *mut Heap, block: *mut c_void, size: usize, alignment: usize);
    fn bareheap_reallocate(
        heap: *mut Heap,
        block: *mut c_void,
        old_size: usize,
        alignment: usize,
        new_size: usize,
    ) -> *mut c_void;
    fn bareheap_check(heap: *const Heap) -> u32;
    fn bareheap_stats(heap: *const Heap, statistics: *mut Statistics);
}

/// A heap over `SIZE` bytes of its own, made by the first request, and a lock.
pub struct Bareheap<const SIZE: usize> {
    locked: AtomicBool,
    heap: UnsafeCell<*mut Heap>,
    region: UnsafeCell<[u8; SIZE]>,
    flags: u32,
}

// What is inside is used under the lock alone.
unsafe impl<const SIZE: usize> Sync for Bareheap<SIZE> {}

impl<const SIZE: usize> Bareheap<SIZE> {
    pub const fn new(flags: u32) -> Self {
        Bareheap {
            locked: AtomicBool::new(false),
            heap: UnsafeCell::new(null_mut()),
            region: UnsafeCell::new([0; SIZE]),
            flags,
        }
    }

    pub fn statistics(&self) -> Statistics {
        let mut statistics = Statistics::default();
        self.with(|heap| unsafe { bareheap_stats(heap, &mut statistics) });
        statistics
    }

    /// Whether all that must hold inside the heap does.
    pub fn is_sound(&self) -> bool {
        self.with(|heap| unsafe { bareheap_check(heap) }) == 0
    }

    fn with<T>(&self, call: impl FnOnce(*mut Heap) -> T) -> T {
        while self.locked.swap(true, Ordering::Acquire) {
            core::hint::spin_loop();
        }
        let heap = unsafe {
            if (*self.heap.get()).is_null() {
                *self.heap.get() = bareheap_init(self.region.get().cast(), SIZE, self.flags);
            }
            *self.heap.get() // a null one stops the program at its first use
        };
        let answer = call(heap);
        self.locked.store(false, Ordering::Release);
        answer
    }
}

unsafe impl<const SIZE: usize> GlobalAlloc for Bareheap<SIZE> {
    unsafe fn alloc(&self, asked: Layout) -> *mut u8 {
        self.with(|heap| unsafe { bareheap_allocate(heap, asked.size(), asked.align()) }).cast()
    }

    unsafe fn alloc_zeroed(&self, asked: Layout) -> *mut u8 {
        self.with(|heap| unsafe { bareheap_allocate_zeroed(heap, asked.size(), asked.align()) }).cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, asked: Layout) {
        self.with(|heap| unsafe { bareheap_deallocate(heap, block.cast(), asked.size(), asked.align()) })
    }

    unsafe fn realloc(&self, block: *mut u8, asked: Layout, size: usize) -> *mut u8 {
        self.with(|heap| unsafe { bareheap_reallocate(heap, block.cast(), asked.size(), asked.align(), size) }).cast()
    }
}
