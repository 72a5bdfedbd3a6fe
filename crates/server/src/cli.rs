//! The command line: what can be typed.

#![expect(clippy::doc_markdown, reason = "these comments are the help texts, where backticks would be shown")]

pub(crate) mod auth_args;
pub(crate) mod check;
pub(crate) mod client;
pub(crate) mod doctor;
pub(crate) mod issuer;
mod secret;
pub(crate) mod serve;
pub(crate) mod token;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Overrides;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Takes an MCP server from local stdio to a remote service: Streamable HTTP for clients of both eras on one URL.
#[derive(Debug, Parser)]
#[command(version, styles = STYLES, max_term_width = 100, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve tools over HTTP or stdio: built-in ones, lifted stdio servers, or what a config file says
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Check a config file without starting anything
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// List the tools of a server
    #[command(after_help = LIST_EXAMPLES)]
    List(ListArgs),
    /// Call a tool of a server
    #[command(after_help = CALL_EXAMPLES)]
    Call(CallArgs),
    #[command(flatten)]
    Auth(auth_args::AuthCommand),
}

const SERVE_EXAMPLES: &str = "\
Examples:
  Try it, with a few built-in tools:
    outboard serve
  Put a stdio server on http://127.0.0.1:8080/mcp:
    outboard serve --stdio \"npx -y @modelcontextprotocol/server-everything\"
  Put the servers of a client's config on it:
    outboard serve --import ~/.cursor/mcp.json
  Serve what a config file says:
    outboard serve --config outboard.toml
  See OAuth at work, with an issuer for development:
    outboard serve --dev-issuer
  Take the tokens of an issuer of yours:
    outboard serve --issuer https://login.example.com --public-url https://mcp.example.com";

const CHECK_EXAMPLES: &str = "\
Examples:
  outboard check
  outboard check --config deploy/outboard.toml --format github
  outboard check --import ~/.cursor/mcp.json";

const LIST_EXAMPLES: &str = "\
Examples:
  outboard list http://127.0.0.1:8080/mcp
  outboard list http://127.0.0.1:8080/mcp --json | jq '.tools[].name'";

const CALL_EXAMPLES: &str = "\
Examples:
  outboard call http://127.0.0.1:8080/mcp echo message=hello
  outboard call http://127.0.0.1:8080/mcp add a=1 b=2 --json
  outboard call http://127.0.0.1:8080/mcp add --arguments '{\"a\": 1, \"b\": 2}'";

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Config file [default: outboard.toml in this directory, if it is there and nothing else is named]
    #[arg(short, long, value_name = "FILE", env = "OUTBOARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Directory of the server's own state, such as its key [env: OUTBOARD_STATE_DIR]
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) state_dir: Option<PathBuf>,
    /// How clients reach the server: http or stdio [default: http] [env: OUTBOARD_TRANSPORT]
    #[arg(long, value_name = "TRANSPORT")]
    pub(crate) transport: Option<String>,
    #[command(flatten)]
    pub(crate) lift: LiftArgs,
    #[command(flatten)]
    pub(crate) network: NetworkArgs,
    #[command(flatten)]
    pub(crate) auth: AuthArgs,
    #[command(flatten)]
    pub(crate) replicas: ReplicasArgs,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Replicas")]
pub(crate) struct ReplicasArgs {
    /// Redis that all replicas share, such as redis://redis.internal:6379, or rediss:// with TLS [env: OUTBOARD_REDIS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) redis: Option<String>,
    /// File with the keys that all replicas share, one in base64 on each line [env: OUTBOARD_KEY_FILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    /// How many replicas run, this one included [default: 1] [env: OUTBOARD_REPLICAS]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) replicas: Option<usize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Lifting")]
pub(crate) struct LiftArgs {
    /// A stdio server to lift: a command line, split like a shell does, run without one; may be repeated
    #[arg(long, value_name = "COMMAND LINE")]
    pub(crate) stdio: Vec<String>,
    /// A config of an MCP client (JSON with mcpServers or servers), whose servers are lifted too; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Vec<PathBuf>,
    /// An environment variable that servers of --stdio and --import get beside the usual ones; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) env_pass: Vec<String>,
    /// Who shares one process of the servers of --stdio and --import: shared, all callers, or per-principal, which does not
    /// exist yet where callers need tokens [default: per-principal]
    #[arg(long, value_name = "ISOLATION")]
    pub(crate) isolation: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Network")]
pub(crate) struct NetworkArgs {
    /// Address to listen on [default: 127.0.0.1:8080] [env: OUTBOARD_LISTEN]
    #[arg(short, long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// URL under which the server is reached from outside [env: OUTBOARD_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Path of the MCP endpoint [default: /mcp] [env: OUTBOARD_PATH]
    #[arg(long, value_name = "PATH")]
    pub(crate) path: Option<String>,
    /// Origin of web pages that may call the server; may be repeated [env: OUTBOARD_ALLOWED_ORIGINS]
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allowed_origin: Vec<String>,
    /// Serve whoever can reach the address, without asking who it is [env: OUTBOARD_INSECURE_NO_AUTH]
    #[arg(long)]
    pub(crate) insecure_no_auth: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Authentication")]
pub(crate) struct AuthArgs {
    /// An issuer whose tokens are accepted, exactly as its tokens name it; every call then needs a token; may be repeated
    /// [env: OUTBOARD_ISSUERS]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Vec<String>,
    /// Run an issuer for development on this machine, and require its tokens. It asks for no passwords
    /// [env: OUTBOARD_DEV_ISSUER]
    #[arg(long)]
    pub(crate) dev_issuer: bool,
    /// DANGEROUS: have the issuer for development sign in this user and approve all that is asked, without a page. Any web
    /// page that your browser visits can then get in unseen. For tests that have no browser
    #[arg(long, value_name = "USER")]
    pub(crate) dev_issuer_auto_approve: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogArgs {
    /// What is logged: a level, or levels by target [default: info] [env: OUTBOARD_LOG_LEVEL]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log_level: Option<String>,
    /// Form of the log: auto, pretty or json [default: auto] [env: OUTBOARD_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Config file [default: outboard.toml, if nothing else is named]
    #[arg(short, long, value_name = "FILE", env = "OUTBOARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// A config of an MCP client, as for serve; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) import: Vec<PathBuf>,
    /// Who shares one process of the servers of --import, as for serve
    #[arg(long, value_name = "ISOLATION")]
    pub(crate) isolation: Option<String>,
    /// Form of what is found
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
    /// Annotations of GitHub's workflows
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Print the tools as JSON, whole
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    #[command(flatten)]
    pub(crate) server: ServerArgs,
    /// Name of the tool
    pub(crate) tool: String,
    /// Arguments; a value is text where the tool's schema says so, else JSON
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) pairs: Vec<String>,
    /// All arguments as one JSON object
    #[arg(long, value_name = "JSON", conflicts_with = "pairs")]
    pub(crate) arguments: Option<String>,
    /// Print the result as JSON, whole
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ServerArgs {
    /// URL of the server's MCP endpoint
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// Which protocol era to speak
    #[arg(long, value_enum, default_value_t = EraArg::Auto)]
    pub(crate) era: EraArg,
    /// A header to send with every request; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// How long the whole may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub(crate) timeout: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum EraArg {
    /// Modern if the server speaks it, else legacy
    Auto,
    /// 2026-07-28: no session
    Modern,
    /// Up to 2025-11-25: with a session
    Legacy,
}

impl ServeArgs {
    /// What the flags say, for the config.
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides {
            transport: self.transport.clone(),
            listen: self.network.listen.clone(),
            public_url: self.network.public_url.clone(),
            path: self.network.path.clone(),
            allowed_origins: self.network.allowed_origin.clone(),
            state_dir: self.state_dir.clone(),
            insecure_no_auth: self.network.insecure_no_auth,
            issuers: self.auth.issuer.clone(),
            dev_issuer: self.auth.dev_issuer,
            dev_issuer_auto_approve: self.auth.dev_issuer_auto_approve.clone(),
            redis: self.replicas.redis.clone(),
            key_file: self.replicas.key_file.clone(),
            replicas: self.replicas.replicas,
            log_level: self.log.log_level.clone(),
            log_format: self.log.log_format.clone(),
            stdio: self.lift.stdio.clone(),
            imports: self.lift.import.clone(),
            env_pass: self.lift.env_pass.clone(),
            isolation: self.lift.isolation.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
