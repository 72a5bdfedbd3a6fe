//! A bug planted behind conditions that only a fuzzer guided by coverage meets one after the other.

/// Panics when the input begins with eight bytes that chance does not produce.
pub(super) fn run(data: &[u8]) {
    let mut matching = 0;
    for (found, wanted) in data.iter().zip(b"outboard") {
        // One comparison per byte: each that holds is new coverage.
        if found != wanted {
            return;
        }
        matching += 1;
        progress(matching);
    }
    assert!(matching < 8, "the planted bug");
}

/// Gives each length a branch of its own, which the compiler cannot fold into the others.
#[inline(never)]
fn progress(matching: usize) {
    match matching {
        1 => std::hint::black_box(1),
        2 => std::hint::black_box(2),
        3 => std::hint::black_box(3),
        4 => std::hint::black_box(4),
        5 => std::hint::black_box(5),
        6 => std::hint::black_box(6),
        7 => std::hint::black_box(7),
        _ => std::hint::black_box(0),
    };
}
