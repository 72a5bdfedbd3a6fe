//! Which descriptors a process would hand on to what it starts, beyond the three standard ones.

use std::io;

/// Closes every descriptor above 2 that is not close-on-exec: what came from the server's own parent (a shell, a terminal,
/// a service manager) and that the command must not hold.
///
/// Rust's library opens everything close-on-exec, so that in a process that has just started this touches nothing of ours.
pub(super) fn close_inherited() -> io::Result<()> {
    let numbers: Vec<i32> = std::fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in numbers {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}"));
        // The descriptor of the listing itself is gone by now.
        if info.is_ok_and(|info| survives_exec(&info)) {
            nix::unistd::close(number)?;
        }
    }
    Ok(())
}

/// Reads the flags in `/proc/<pid>/fdinfo/<number>` (proc(5)): octal, `O_CLOEXEC` among them.
fn survives_exec(info: &str) -> bool {
    const CLOSE_ON_EXEC: u64 = 0o2_000_000;
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u64::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & CLOSE_ON_EXEC == 0)
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn close_on_exec_is_read_from_the_flags() {
        let cases = [
            ("pos:\t0\nflags:\t0100002\nmnt_id:\t9\n", true),
            ("pos:\t0\nflags:\t02100002\nmnt_id:\t9\n", false),
            ("flags:\t0", true),
            ("flags:\t02000000", false),
            ("flags:\tx", false),
            ("", false),
        ];
        for (info, survives) in cases {
            assert_eq!(survives_exec(info), survives, "{info:?}");
        }
        let file = std::fs::File::open("/dev/null").unwrap();
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd())).unwrap();
        assert!(!survives_exec(&info), "the library opens close-on-exec");
    }
}
