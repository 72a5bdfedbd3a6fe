//! The scripts that make several steps one.

use std::sync::LazyLock;

use redis::Cmd;

use crate::keys::hex;

/// A Lua script.
pub(crate) struct Script {
    text: &'static str,
    /// SHA-1, which is what Redis calls scripts by; it protects nothing.
    digest: String,
}

pub(crate) static CELL_PUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/cell_put.lua")));
pub(crate) static CELL_GET: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/cell_get.lua")));
pub(crate) static CELL_DELETE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/cell_delete.lua")));
pub(crate) static LOG_APPEND: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/log_append.lua")));
pub(crate) static LOG_READ: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/log_read.lua")));
pub(crate) static LOG_DELETE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/log_delete.lua")));
pub(crate) static PROBE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/probe.lua")));
pub(crate) static COUNTER_TAKE: LazyLock<Script> =
    LazyLock::new(|| Script::new(include_str!("scripts/counter_take.lua")));

impl Script {
    fn new(text: &'static str) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        Self { text, digest: hex(digest.as_ref()) }
    }

    /// The command that runs it where it is known.
    pub(crate) fn by_digest(&self, keys: &[String], arguments: &[&[u8]]) -> Cmd {
        command("EVALSHA", &self.digest, keys, arguments)
    }

    /// The command that makes it known and runs it.
    pub(crate) fn by_text(&self, keys: &[String], arguments: &[&[u8]]) -> Cmd {
        command("EVAL", self.text, keys, arguments)
    }
}

fn command(name: &str, script: &str, keys: &[String], arguments: &[&[u8]]) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(script).arg(keys.len()).arg(keys);
    for argument in arguments {
        command.arg(argument);
    }
    command
}
