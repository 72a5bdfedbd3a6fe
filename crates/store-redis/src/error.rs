//! Why there is no store on Redis.

/// The reasons why a configuration cannot work, whatever the server does.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The prefix is empty, too long, or has a character that keys cannot have here.
    #[error("the prefix of the keys has to be 1 to 64 printable ASCII characters without braces and spaces")]
    Prefix,
    /// No server is named.
    #[error("no address is named")]
    NoAddress,
    /// The library that speaks to Redis does not take it: an address or a certificate.
    #[error("this does not lead to Redis: {reason}")]
    Unusable {
        /// What it said.
        reason: String,
    },
}

/// The reasons why a start has to end: waiting does not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The server refuses the user, the password, or a command that we need.
    #[error("Redis refuses us: {reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
}
