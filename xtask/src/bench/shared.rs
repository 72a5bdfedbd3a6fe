//! Servers of ours that share a Redis and a key.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    process::Command,
};

use anyhow::{Context as _, Result};

use super::redis::Redis;
use crate::{
    process,
    server::{self, Server},
};

/// Starts so many. `place` takes their key and what each keeps.
pub(super) fn start(
    program: impl Fn() -> Command,
    redis: &Redis,
    place: &Path,
    replicas: usize,
) -> Result<Vec<Server>> {
    let key = place.join("keys");
    make_key(&key)?;
    let config = format!(
        "replicas = {replicas}\n\n[drain]\ndelay = \"0s\"\n\n[session]\nkey_file = '{}'\n\n[store.redis]\nurl = \"{}\"\n",
        key.display(),
        redis.url()
    );
    let start = |number: usize| {
        let own = place.join(number.to_string());
        fs::create_dir_all(&own).with_context(|| format!("cannot make {}", own.display()))?;
        let mut command = server::serve(program(), &own)?;
        let file = own.join("outboard.toml");
        fs::write(&file, &config).with_context(|| format!("cannot write {}", file.display()))?;
        Server::start(&mut command, own.join("server.log"))
    };
    (1..=replicas).map(start).collect()
}

/// Writes a new key to a file that nobody else may read.
fn make_key(path: &Path) -> Result<()> {
    let key = process::capture(Command::new("sh").args(["-c", "head -c 32 /dev/urandom | base64"]))?;
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(key.as_bytes())).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn key_is_new_each_time_and_for_nobody_else() {
        let path = std::env::temp_dir().join(format!("xtask-{}-keys", std::process::id()));
        let read = || {
            make_key(&path).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::read_to_string(&path).unwrap()
        };
        let (first, second) = (read(), read());
        assert!(first != second && first.trim_end().len() == 44, "{first}");
        fs::remove_file(path).unwrap();
    }
}
