//! What server and guard say to each other over the lifeline.
//!
//! The server sends one byte with the command's standard input, and later nothing but the end of file. The guard sends
//! [`Report`]s, each a line.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use super::ending::Ending;

/// The longest report, in bytes, its line end included.
pub(super) const REPORT_BYTES_MAX: usize = 32;

/// What a guard tells its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The command runs.
    Started {
        /// Its process id.
        pid: i32,
    },
    /// The command could not be started.
    Refused {
        /// The kernel's error number.
        errno: i32,
    },
    /// The command ended. Its descendants may still live, for the length of the grace.
    Ended(Ending),
}

impl Report {
    pub(super) fn line(self) -> String {
        match self {
            Self::Started { pid } => format!("started {pid}\n"),
            Self::Refused { errno } => format!("refused {errno}\n"),
            Self::Ended(Ending::Exited { code }) => format!("exited {code}\n"),
            Self::Ended(Ending::Killed { signal }) => format!("killed {signal}\n"),
            Self::Ended(Ending::Unknown) => "ended\n".to_owned(),
        }
    }

    pub(super) fn read(line: &str) -> Option<Self> {
        let (word, number) = line.trim_end().split_once(' ')?;
        Some(match word {
            "started" => Self::Started { pid: number.parse().ok()? },
            "refused" => Self::Refused { errno: number.parse().ok()? },
            "exited" => Self::Ended(Ending::Exited { code: number.parse().ok()? }),
            "killed" => Self::Ended(Ending::Killed { signal: number.parse().ok()? }),
            _ => return None,
        })
    }
}

/// Sends a descriptor over the lifeline. The kernel keeps it until the guard takes it, or drops it with the socket.
pub(super) fn send_descriptor(lifeline: BorrowedFd<'_>, descriptor: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor];
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(lifeline, &[IoSlice::new(b"i")], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes the descriptor, close-on-exec; waits for it. `None` when the server is gone.
pub(super) fn receive_descriptor(lifeline: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut data = [IoSliceMut::new(&mut byte)];
    rustix::io::retry_on_intr(|| recvmsg(lifeline, &mut data, &mut control, RecvFlags::CMSG_CLOEXEC))?;
    Ok(control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn reports_survive_the_wire() {
        let reports = [
            Report::Started { pid: i32::MAX },
            Report::Refused { errno: 2 },
            Report::Ended(Ending::Exited { code: 255 }),
            Report::Ended(Ending::Killed { signal: 9 }),
        ];
        for report in reports {
            let line = report.line();
            assert!(line.len() <= REPORT_BYTES_MAX, "{line:?}");
            assert_eq!(Report::read(&line), Some(report), "{line:?}");
        }
        for line in ["", "started", "started x", "exited 256", "killed -1", "other 1"] {
            assert_eq!(Report::read(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_descriptor_sent_is_received_and_the_end_of_the_sender_is_seen() {
        let (server, guard) = UnixStream::pair().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        send_descriptor(server.as_fd(), reader.as_fd()).unwrap();
        drop(reader);

        let received = receive_descriptor(guard.as_fd()).unwrap().unwrap();
        writer.write_all(b"over").unwrap();
        drop(writer);
        let mut text = String::new();
        std::fs::File::from(received).read_to_string(&mut text).unwrap();
        assert_eq!(text, "over");

        drop(server);
        assert!(receive_descriptor(guard.as_fd()).unwrap().is_none());
    }
}
