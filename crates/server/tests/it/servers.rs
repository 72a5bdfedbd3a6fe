//! Servers from npm and `PyPI`, unchanged: installed once, by the lock files in `tests/servers`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The command line of npm's server-filesystem that offers this directory.
pub(crate) fn filesystem(directory: &Path) -> Vec<String> {
    let folder = installed("npm", &["package.json", "package-lock.json"], |folder| {
        let mut npm = Command::new("npm");
        npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        run(&mut npm);
    });
    let script = folder.join("node_modules/@modelcontextprotocol/server-filesystem/dist/index.js");
    ["node".to_owned(), text(&script), text(directory)].into()
}

/// The program of a server from `PyPI`.
pub(crate) fn python(name: &str) -> String {
    let folder = installed("python", &["requirements.txt"], |folder| {
        let environment = folder.join("environment");
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        let mut pip = Command::new(environment.join("bin/pip"));
        pip.current_dir(folder).args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        run(pip.args(["--requirement", "requirements.txt"]));
    });
    text(&folder.join("environment/bin").join(name))
}

/// A folder into which these lock files were installed. Tests that come at the same time wait for the first one.
fn installed(kind: &str, locks: &[&str], install: impl FnOnce(&Path)) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers").join(kind);
    fs::create_dir_all(&folder).unwrap();
    let only_one = File::create(folder.join("lock")).unwrap();
    only_one.lock().unwrap();
    let wanted: String = locks.iter().map(|name| fs::read_to_string(source.join(name)).unwrap()).collect();
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return folder;
    }
    for name in locks {
        fs::copy(source.join(name), folder.join(name)).unwrap();
    }
    install(&folder);
    fs::write(stamp, wanted).unwrap();
    folder
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
