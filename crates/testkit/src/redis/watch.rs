//! What clients send to a server, one command after the other.

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};

use super::{PATIENCE, Redis};

/// Watches one server with MONITOR, which tells what comes from clients apart from what scripts do.
#[derive(Debug)]
pub struct Watch<'a> {
    redis: &'a Redis,
    stream: BufReader<TcpStream>,
}

impl<'a> Watch<'a> {
    /// Begins to watch: every command that comes from now on is seen.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, nothing is left.
    pub async fn begin(redis: &'a Redis) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", redis.port())).await.expect("the server listens");
        let mut watch = Self { redis, stream: BufReader::new(stream) };
        watch.stream.write_all(b"MONITOR\r\n").await.expect("the server reads");
        assert_eq!(watch.line().await, "+OK", "the server can be watched");
        watch
    }

    /// The names of the commands that clients have sent since this was asked last, in capitals and in order, without PING.
    /// Those of scripts are not among them: EVALSHA stands for all.
    ///
    /// # Panics
    ///
    /// When the server does not answer.
    ///
    /// # Cancel safety
    ///
    /// None: what was read of them is lost.
    pub async fn commands(&mut self) -> Vec<String> {
        // A command of our own, after which all that came before is told.
        self.redis.command("ECHO outboard-watch").await;
        let mut commands = Vec::new();
        loop {
            let line = self.line().await;
            if line.contains("\"ECHO\" \"outboard-watch\"") {
                return commands;
            }
            let (source, command) = line.split_once("] ").expect("a line says where a command comes from");
            let name = command.split('"').nth(1).unwrap_or_default().to_uppercase();
            if !source.ends_with(" lua") && name != "PING" {
                commands.push(name);
            }
        }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line)).await;
        read.expect("the server tells more").expect("the server tells text");
        line.trim_end().to_owned()
    }
}
