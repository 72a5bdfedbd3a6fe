//! What a child is given, and what it is not.

use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{Command, Stdio};

use super::harness::{Lifted, MARKER, Script, lift_program, python};

const DESCRIPTORS: &str = r#"
def descriptors(request):
    listing = os.listdir("/proc/self/fd")
    # Those that are still open when the listing itself is closed again.
    result(request, text(",".join(sorted(n for n in listing if os.path.exists("/proc/self/fd/" + n)))))
CALLS["echo"] = descriptors
serve()
"#;

#[tokio::test]
async fn a_child_gets_the_three_standard_descriptors_and_no_other() {
    // Several at once: what one of them is given is open in the server while the next is started.
    let all: Vec<Lifted> = (0..4).map(|_| Lifted::python(DESCRIPTORS)).collect();
    for lifted in &all {
        lifted.ready().await.unwrap();
        assert_eq!(lifted.text("echo", "{}").await, "0,1,2");
    }
    for lifted in all {
        lifted.end().await;
    }
}

#[test]
fn descriptors_that_the_server_itself_inherited_do_not_reach_the_child() {
    let script = Script::new(&format!(
        "{}\nos.write(2, b'')\nwith open(os.environ['DIRECTORY_OF'] + '/seen', 'w') as f: pass",
        include_str!("child.py")
    ));
    // The child writes what it sees into a file next to itself, and then serves.
    let text = format!(
        "{}\nwith open(sys.path[0] + '/seen', 'w') as file:\n    listing = [n for n in os.listdir('/proc/self/fd') if int(n) != file.fileno()]\n    file.write(','.join(sorted(n for n in listing if os.path.exists('/proc/self/fd/' + n))))\nserve()\n",
        include_str!("child.py")
    );
    std::fs::write(&script.path, text).unwrap();

    // A shell hands two descriptors on to the server, as terminals and service managers do.
    let leak = std::fs::File::open("/dev/null").unwrap();
    let shell = format!("exec 7</dev/null 8>/dev/null; exec \"$0\" \"$1\" \"$2\" # {}", leak.as_raw_fd());
    let mut server = Command::new("bash")
        .args(["-c", &shell])
        .args([lift_program().as_path(), Path::new(python()), &script.path])
        .env(MARKER, &script.marker)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut up = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(server.stdout.take().unwrap()), &mut up).unwrap();
    assert_eq!(up, "up: 1 tools, 2025-11-25\n");
    assert!(std::fs::exists(format!("/proc/{}/fd/7", server.id())).unwrap(), "the server has it");
    assert_eq!(std::fs::read_to_string(script.file("seen")).unwrap(), "0,1,2");
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}

#[tokio::test]
async fn a_child_gets_the_environment_of_its_config_and_no_other() {
    let script = Script::python("CALLS['echo'] = lambda r: result(r, text('\\n'.join(sorted(os.environ))))\nserve()");
    let mut config = script.config(python());
    config.env_pass = vec!["WANTED".to_owned()];
    let ours = [
        ("PATH", "/usr/bin:/bin".into()),
        ("HOME", "/root".into()),
        ("LC_CTYPE", "C.UTF-8".into()),
        ("WANTED", "yes".into()),
        ("OUTBOARD_KEY", "secret".into()),
        ("REDIS_URL", "secret".into()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "secret".into()),
    ];
    let ours = ours.map(|(name, value)| (name.into(), value));
    let (tasks, stop) = (tokio_util::task::TaskTracker::new(), tokio_util::sync::CancellationToken::new());
    let backend =
        outboard_backend::stdio::StdioBackend::start(config, ours, super::harness::notify(), &tasks, stop.clone());
    let lifted = Lifted { backend, notify: super::harness::notify(), script, tasks, stop };
    lifted.ready().await.unwrap();
    let names = lifted.text("echo", "{}").await;
    assert_eq!(names, "DIRECTORY\nHOME\nLC_CTYPE\nOUTBOARD_TEST_MARKER\nPATH\nWANTED");
    lifted.end().await;
}

#[tokio::test]
async fn arguments_and_directory_arrive_as_they_stand_in_the_config() {
    let lines = "CALLS['echo'] = lambda r: result(r, text(json.dumps([sys.argv[1:], os.getcwd()])))\nserve()";
    let strange = ["$HOME; echo `id` && rm -rf *", "-x", "", "é \"'\n"];
    let lifted = Lifted::with(lines, |config| {
        config.args.extend(strange.map(str::to_owned));
        config.cwd = Some("/usr".into());
    });
    lifted.ready().await.unwrap();
    let seen: (Vec<String>, String) = serde_json::from_str(&lifted.text("echo", "{}").await).unwrap();
    assert_eq!(seen, (strange.map(str::to_owned).to_vec(), "/usr".to_owned()));
    lifted.end().await;
}

#[tokio::test]
async fn a_child_leads_a_process_group_of_its_own() {
    let lines = "CALLS['echo'] = lambda r: result(r, text(json.dumps([os.getpid(), os.getpgrp(), os.getpgid(os.getppid()), os.getppid()])))\nserve()";
    let lifted = Lifted::python(lines);
    lifted.ready().await.unwrap();
    let numbers: [i32; 4] = serde_json::from_str(&lifted.text("echo", "{}").await).unwrap();
    let ours = rustix::process::getpgid(None).unwrap().as_raw_pid();
    assert_eq!(numbers[0], numbers[1], "the child leads its group");
    assert_eq!(numbers[2], numbers[3], "the guard leads another");
    assert!(numbers[1] != ours && numbers[2] != ours, "neither is the terminal's");
    lifted.end().await;
}
