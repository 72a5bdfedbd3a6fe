//! The target under libFuzzer, which brings the `main` function, the mutations and the command line.

use std::env;
use std::sync::LazyLock;

use outboard_fuzz::Target;

/// The target of this process: libFuzzer's command line has no place for its name.
static CHOSEN: LazyLock<&'static Target> = LazyLock::new(|| {
    #[expect(clippy::disallowed_methods, reason = "the one way past libFuzzer's own command line")]
    let name = env::var("OUTBOARD_FUZZ_TARGET").unwrap_or_default();
    outboard_fuzz::target(&name).expect("cargo xtask fuzz names a target that exists")
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| (CHOSEN.run)(data));
