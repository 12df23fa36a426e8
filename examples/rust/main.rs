// SPDX-License-Identifier: MIT
//! A Rust program whose Vec, Box, String and BTreeMap live on the heap.

mod bareheap;

use std::collections::BTreeMap;
use std::ffi::c_void;

#[global_allocator]
static HEAP: bareheap::Bareheap<{ 1 << 20 }> = bareheap::Bareheap::new(bareheap::DEFAULT);

/// A promise was broken. The heap must not be used any more, so nothing here allocates.
#[no_mangle]
extern "C" fn bareheap_panic(_sentence: *const u8, _address: *const c_void) {
    std::process::abort();
}

#[repr(align(256))]
struct Aligned([u8; 256]);

/// One number made of what many blocks of many sizes hold.
fn work() -> usize {
    let mut squares = BTreeMap::new();
    for number in 0..500usize {
        squares.insert(number, format!("{} squared is {}", number, number * number));
    }
    squares.retain(|number, _| number % 3 == 0);

    let mut numbers: Vec<usize> = Vec::new();
    numbers.extend(squares.values().map(String::len)); // grows step by step: realloc
    numbers.shrink_to_fit();
    let boxes: Vec<Box<Aligned>> = (0..10u8).map(|fill| Box::new(Aligned([fill; 256]))).collect();
    assert!(boxes.iter().all(|one| &**one as *const Aligned as usize % 256 == 0));
    let zeros = vec![0u64; 1000];
    assert!(zeros.iter().all(|&zero| zero == 0));

    let mut huge: Vec<u8> = Vec::new();
    assert!(huge.try_reserve(2 << 20).is_err()); // more than there is: refused, and nothing is lost

    numbers.iter().sum::<usize>() + boxes.iter().map(|one| one.0[255] as usize).sum::<usize>()
}

fn work_in_two_threads() -> usize {
    let threads = [std::thread::spawn(work), std::thread::spawn(work)];
    threads.map(|thread| thread.join().unwrap()).iter().sum()
}

fn main() {
    println!("what Rust keeps for itself is there after the first round: {}", work_in_two_threads());
    let before = HEAP.statistics();
    let right = work_in_two_threads() == 2 * work();
    let after = HEAP.statistics();
    println!("lent before: {}, after: {}", before.used_bytes, after.used_bytes);
    std::process::exit(if right && before.used_bytes == after.used_bytes && HEAP.is_sound() { 0 } else { 1 });
}
