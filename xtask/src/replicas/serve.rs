//! Replicas of the fixture for somebody else's clients: the suite's, and real ones.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Harness;
use crate::{
    packages,
    server::Server,
    workspace::{Profile, Workspace},
};

/// Starts so many replicas behind a round-robin proxy, with these lines in the configuration of each, and waits until all
/// are ready. The URL of the server is the proxy's.
pub(crate) fn serve(workspace: &Workspace, replicas: u32, config: Option<&Path>, log: PathBuf) -> Result<Server> {
    packages::ensure(&packages::FOR_REPLICAS)?;
    let harness = Harness::build(workspace, Profile::Debug)?;
    let mut command = harness.command("serve", &["--replicas".to_owned(), replicas.to_string()])?;
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    Server::start_saying(&mut command, log, ready)
}

/// The endpoint, of the URL in the line by which the harness says that all replicas serve.
fn ready(line: &str) -> Option<String> {
    let url = line.strip_prefix("ready ")?.trim().trim_end_matches('/');
    let authority = url.strip_prefix("http://")?;
    Some(if authority.contains('/') { url.to_owned() } else { format!("{url}/mcp") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_stands_in_the_line_that_says_ready() {
        let cases = [
            ("ready http://127.0.0.1:4711/mcp", Some("http://127.0.0.1:4711/mcp")),
            ("ready http://127.0.0.1:4711", Some("http://127.0.0.1:4711/mcp")),
            ("ready http://127.0.0.1:4711/", Some("http://127.0.0.1:4711/mcp")),
            ("replica 1 is ready at http://127.0.0.1:4711/mcp", None),
            ("ready soon", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(ready(line).as_deref(), expected, "{line}");
        }
    }
}
