//! `HAProxy` or nginx before the replicas: plain round robin without affinity, nothing buffered, nothing sent twice.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

/// What stands before the replicas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// `haproxy`, which asks at `/readyz` who takes work.
    #[default]
    Haproxy,
    /// `nginx`, which finds out by itself.
    Nginx,
}

/// A balancer that runs. Killed when it is dropped.
#[derive(Debug)]
pub(super) struct Balancer {
    address: SocketAddr,
    id: u32,
}

/// How often it is asked who takes work.
pub(super) const CHECKS_EVERY: Duration = Duration::from_millis(300);

impl Balancer {
    pub(super) fn start(proxy: Proxy, address: SocketAddr, replicas: &[SocketAddr], folder: &Path) -> Self {
        let file = folder.join("balancer.conf");
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        match proxy {
            Proxy::Haproxy => {
                fs::write(&file, haproxy(address, replicas)).expect("there is room for a file");
                command.args(["haproxy", "-db", "-f"]).arg(&file);
            }
            Proxy::Nginx => {
                fs::write(&file, nginx(address, replicas, folder)).expect("there is room for a file");
                command.args(["nginx", "-e", "stderr", "-p"]).arg(folder).arg("-c").arg(&file);
            }
        }
        let log = File::create(folder.join("balancer.log")).expect("there is room for a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
        let (hand_over, spawned) = mpsc::sync_channel(1);
        // In a thread that lives as long as it: the kernel tells it of the death of that.
        thread::spawn(move || match command.spawn() {
            Ok(child) => {
                let mut child: Child = child;
                drop(hand_over.send(Ok(child.id())));
                drop(child.wait());
            }
            Err(error) => drop(hand_over.send(Err(error))),
        });
        match spawned.recv() {
            Ok(Ok(id)) => Self { address, id },
            other => super::fail(&format!(
                "the balancer cannot be started: {other:?}; are haproxy and nginx-light installed?"
            )),
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        if let Some(id) = i32::try_from(self.id).ok().and_then(Pid::from_raw) {
            // It may have ended.
            let _sent = kill_process(id, Signal::TERM);
        }
    }
}

fn haproxy(address: SocketAddr, replicas: &[SocketAddr]) -> String {
    let servers: String =
        (1..).zip(replicas).map(|(number, replica)| format!("  server r{number} {replica} check\n")).collect();
    format!(
        "global\n  maxconn 4000\n\
         defaults\n  mode http\n  timeout connect 2s\n  timeout client 1h\n  timeout server 1h\n  \
         option http-no-delay\n  retries 3\n  retry-on conn-failure\n  option redispatch 1\n\
         frontend public\n  bind {address}\n  default_backend replicas\n\
         backend replicas\n  balance roundrobin\n  option httpchk GET /readyz\n  http-check expect status 200\n  \
         default-server inter {}ms fall 1 rise 1\n{servers}",
        CHECKS_EVERY.as_millis()
    )
}

fn nginx(address: SocketAddr, replicas: &[SocketAddr], folder: &Path) -> String {
    let folder = folder.display();
    let servers: String =
        replicas.iter().map(|replica| format!("    server {replica} max_fails=1 fail_timeout=1s;\n")).collect();
    format!(
        "daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nevents {{ worker_connections 4096; }}\n\
         http {{\n  access_log off;\n  client_body_temp_path {folder}/body;\n  proxy_temp_path {folder}/proxy;\n  \
         fastcgi_temp_path {folder}/fastcgi;\n  uwsgi_temp_path {folder}/uwsgi;\n  scgi_temp_path {folder}/scgi;\n  \
         upstream replicas {{\n{servers}    keepalive 32;\n  }}\n  \
         server {{\n    listen {address};\n    client_max_body_size 16m;\n    location / {{\n      \
         proxy_pass http://replicas;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n      \
         proxy_set_header Host $http_host;\n      proxy_buffering off;\n      proxy_request_buffering off;\n      \
         proxy_read_timeout 1h;\n      proxy_send_timeout 1h;\n      proxy_next_upstream error;\n    }}\n  }}\n}}\n"
    )
}
