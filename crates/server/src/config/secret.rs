//! Secrets, which never stand in the file: it names a variable or another file that holds one.

use std::path::Path;

use zeroize::Zeroizing;

use super::environment::Environment;
use super::expand::is_variable_name;
use super::read_text;

/// Longest secret, in bytes.
pub(super) const BYTES_MAX: usize = 4 << 10;

/// The value of the variable that `${NAME}` names, or what is wrong with it.
pub(super) fn of_variable(reference: &str, env: &dyn Environment) -> Result<Zeroizing<String>, String> {
    let name = reference.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let Some(name) = name.filter(|name| is_variable_name(name)) else {
        return Err("a secret does not stand in the file itself".to_owned());
    };
    let value = env.var(name).ok_or_else(|| format!("the variable `{name}` is not set"))?;
    let value = value.into_string().map(Zeroizing::new).map_err(|_| format!("the variable `{name}` is not UTF-8 text"));
    one_line(&value?)
}

/// What stands in the file, or what is wrong with it.
pub(super) fn of_file(path: &Path) -> Result<Zeroizing<String>, String> {
    let text = read_text(path).map(Zeroizing::new).map_err(|error| error.to_string())?;
    one_line(&text)
}

/// The only line, without its end.
fn one_line(text: &str) -> Result<Zeroizing<String>, String> {
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() || line.len() > BYTES_MAX || line.chars().any(char::is_control) {
        return Err(format!("the secret is not one line of 1 to {BYTES_MAX} bytes"));
    }
    Ok(Zeroizing::new(line.to_owned()))
}
