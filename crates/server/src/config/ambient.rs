//! What commands that read no config take from the environment.

use std::path::{Path, PathBuf};

use super::environment::{Environment, default_state_dir};

/// The state directory: that of the flag, else of the variable, else the default.
pub(crate) fn state_directory(flag: Option<&Path>, env: &dyn Environment) -> Option<PathBuf> {
    let variable = || env.var("OUTBOARD_STATE_DIR").filter(|value| !value.is_empty()).map(PathBuf::from);
    flag.map(Path::to_owned).or_else(variable).or_else(|| default_state_dir(env))
}

/// The secret of the client that `token` and `issuer` speak of.
pub(crate) fn client_secret(env: &dyn Environment) -> Option<String> {
    let value = env.var("OUTBOARD_CLIENT_SECRET")?;
    value.into_string().ok().filter(|value| !value.is_empty())
}

/// The fault that a test asks for.
#[cfg(debug_assertions)]
pub(crate) fn sabotage(env: &dyn Environment) -> Option<String> {
    let word = env.var("OUTBOARD_SABOTAGE").filter(|word| !word.is_empty())?;
    Some(word.to_string_lossy().into_owned())
}
