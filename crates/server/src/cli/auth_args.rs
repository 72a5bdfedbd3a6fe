//! What can be typed about tokens: `issuer`, `token` and `doctor`.
//!
//! No secret is ever an argument: those of other users of the machine could read it.

#![expect(clippy::doc_markdown, reason = "these comments are the help texts, where backticks would be shown")]

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// The commands about tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Run an issuer of tokens for development, on this machine alone and without passwords
    #[command(after_help = ISSUER_EXAMPLES)]
    Issuer(IssuerArgs),
    /// Get a token for a server as a client of its issuer, or make an API key
    #[command(after_help = TOKEN_EXAMPLES)]
    Token(TokenArgs),
    /// Find out why something does not work
    Doctor(DoctorArgs),
}

const ISSUER_EXAMPLES: &str = "\
Examples:
  For a server on this machine:
    outboard issuer --resource http://127.0.0.1:8080/mcp
    outboard serve --issuer http://127.0.0.1:8090
  With a client for scripts, whose secret stands in a file:
    outboard issuer --resource http://127.0.0.1:8080/mcp --client ci --client-secret-file ci.secret";

const TOKEN_EXAMPLES: &str = "\
Examples:
  A token for `outboard serve --dev-issuer` on this machine:
    outboard token http://127.0.0.1:8080/mcp
  A token for a server, from an issuer that knows this client:
    outboard token https://mcp.example.com/mcp --issuer https://login.example.com --client-id ci --client-secret-file ci.secret
  The secret from another program:
    pass show ci | outboard token --issuer https://login.example.com --client-id ci --client-secret-file -
  An API key, with the lines for the config file:
    outboard token --api-key nightly --scope notes:read";

const DOCTOR_TOKEN_EXAMPLES: &str = "\
Examples:
  outboard doctor token < token.txt
  outboard token http://127.0.0.1:8080/mcp | outboard doctor token";

#[derive(Debug, Args)]
pub(crate) struct IssuerArgs {
    /// Address to listen on, of this machine alone
    #[arg(short, long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    pub(crate) listen: String,
    /// URL of an MCP endpoint that tokens are issued for; may be repeated
    #[arg(long, value_name = "URL", required = true)]
    pub(crate) resource: Vec<String>,
    /// A scope that may be granted; may be repeated
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// Somebody who may sign in, without a password; may be repeated [default: alice and bob]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Vec<String>,
    /// Id of a client that gets tokens by its secret (client credentials)
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// File with the secret of that client, - for standard input [env: OUTBOARD_CLIENT_SECRET, the secret itself]
    #[arg(long, value_name = "FILE", requires = "client")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// URL beside those of this machine to which users may be sent back; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) allow_redirect: Vec<String>,
    /// DANGEROUS: sign in this user and approve all that is asked, without a page. Any web page that your browser visits can
    /// then get in unseen. For tests that have no browser
    #[arg(long, value_name = "USER")]
    pub(crate) auto_approve: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// URL of the MCP endpoint that the token is for; it names its issuer
    #[arg(value_name = "URL", required_unless_present_any = ["issuer", "api_key"])]
    pub(crate) url: Option<String>,
    /// Issuer to ask. With --client-id it has to be named, so that no server leads the secret elsewhere; only for one on this
    /// machine the server's word is enough
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Client to get the token as [default: that of the server's own issuer for development, from its state directory]
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// File with the client's secret, - for standard input [env: OUTBOARD_CLIENT_SECRET, the secret itself]
    #[arg(long, value_name = "FILE", requires = "client_id")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// A scope to ask for, or one that the API key grants; may be repeated [default: the issuer decides; a key grants none]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Vec<String>,
    /// What the token is to be for [default: what the server says]
    #[arg(long, value_name = "URL")]
    pub(crate) resource: Option<String>,
    /// State directory of a server with an issuer for development [env: OUTBOARD_STATE_DIR]
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Make an API key for this holder instead, and print it with the lines for the config file
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["url", "issuer", "client_id", "client_secret_file", "resource", "state_dir"]
    )]
    pub(crate) api_key: Option<String>,
    /// How long the whole may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    pub(crate) timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    #[command(subcommand)]
    pub(crate) command: DoctorCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DoctorCommand {
    /// Say whether a server with this config would accept a token, and why not; the token comes by standard input
    #[command(after_help = DOCTOR_TOKEN_EXAMPLES)]
    Token(DoctorTokenArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DoctorTokenArgs {
    /// Config file [default: outboard.toml]
    #[arg(short, long, value_name = "FILE", env = "OUTBOARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// URL under which the server is reached from outside, as for serve [env: OUTBOARD_PUBLIC_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Issuer beside those of the config file, as for serve; may be repeated [env: OUTBOARD_ISSUERS]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Vec<String>,
    /// Form of what is found
    #[arg(long, value_enum, default_value_t = DoctorFormat::Text)]
    pub(crate) format: DoctorFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DoctorFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(subcommand)]
        command: AuthCommand,
    }

    fn typed(line: &str) -> Result<AuthCommand, ErrorKind> {
        let words = std::iter::once("outboard").chain(line.split(' '));
        Typed::try_parse_from(words).map(|typed| typed.command).map_err(|error| error.kind())
    }

    #[test]
    fn the_commands_are_well_formed_and_their_examples_can_be_typed() {
        Typed::command().debug_assert();
        for line in [ISSUER_EXAMPLES, TOKEN_EXAMPLES, DOCTOR_TOKEN_EXAMPLES].into_iter().flat_map(str::lines) {
            let ours = line.trim().split(" | ").filter_map(|part| part.strip_prefix("outboard "));
            for line in ours.filter(|line| !line.starts_with("serve")) {
                let line = line.split(" < ").next().unwrap_or(line);
                assert!(typed(line).is_ok(), "{line}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_cannot_be_typed() {
        let cases = [
            ("issuer", ErrorKind::MissingRequiredArgument),
            ("issuer --resource http://a --client-secret-file f", ErrorKind::MissingRequiredArgument),
            ("issuer --resource http://a --client ci --client-secret s", ErrorKind::UnknownArgument),
            ("token", ErrorKind::MissingRequiredArgument),
            ("token http://a --client-secret-file f", ErrorKind::MissingRequiredArgument),
            ("token http://a --client-id ci --client-secret s", ErrorKind::UnknownArgument),
            ("token http://a --api-key me", ErrorKind::ArgumentConflict),
            ("token --api-key me --issuer http://a", ErrorKind::ArgumentConflict),
            ("doctor token eyJhbGciOi", ErrorKind::UnknownArgument),
            ("doctor token --format github", ErrorKind::InvalidValue),
        ];
        for (line, expected) in cases {
            assert_eq!(typed(line).unwrap_err(), expected, "{line}");
        }
    }

    #[test]
    fn defaults_are_those_of_the_help() {
        let Ok(AuthCommand::Issuer(issuer)) = typed("issuer --resource http://a --resource http://b") else {
            panic!("it can be typed")
        };
        assert_eq!((issuer.listen.as_str(), issuer.resource.len()), ("127.0.0.1:8090", 2));
        let Ok(AuthCommand::Doctor(doctor)) = typed("doctor token") else { panic!("it can be typed") };
        let DoctorCommand::Token(token) = doctor.command;
        assert_eq!(token.format, DoctorFormat::Text);
    }
}
