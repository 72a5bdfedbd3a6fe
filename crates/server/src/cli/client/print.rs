//! What `list` and `call` print: for people, or as JSON for programs. Data goes to standard output, all else to standard
//! error.

use std::io::{IsTerminal as _, Write as _};

use anyhow::Context as _;
use outboard_backend::upstream::{Client, ToolListing};
use outboard_protocol::RawJson;
use outboard_protocol::types::{CallToolResult, Content, Progress, Tool};

use crate::program::Failure;

/// Prints a server's tools.
pub(super) fn tools(client: &Client, listing: &ToolListing, json: bool) -> Result<(), Failure> {
    for left_out in &listing.left_out {
        let name = left_out.name.as_deref().unwrap_or("without a name");
        say(&format!("a tool ({name}) is left out: {}\n", left_out.fault));
    }
    if json {
        let text = serde_json::to_string_pretty(&serde_json::json!({ "tools": listing.tools }));
        return print(&(text.map_err(|error| Failure::Ours(error.into()))? + "\n"));
    }
    let server =
        client.server_info().map_or_else(|| "a server".to_owned(), |info| format!("{} {}", info.name, info.version));
    say(&format!("{} of {server}, by {}\n", counted(listing.tools.len()), client.revision().name));
    let width = listing.tools.iter().map(|tool| tool.name.len()).max().unwrap_or_default().min(32);
    let mut text = String::new();
    for tool in &listing.tools {
        let about = first_line(tool);
        let line = if about.is_empty() { tool.name.clone() } else { format!("{:width$}  {about}", tool.name) };
        text.push_str(&without_controls(&line));
        text.push('\n');
    }
    print(&text)
}

fn counted(tools: usize) -> String {
    if tools == 1 { "1 tool".to_owned() } else { format!("{tools} tools") }
}

fn first_line(tool: &Tool) -> &str {
    let about = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default();
    about.lines().next().unwrap_or_default()
}

/// Prints a tool's result; returns whether the tool reported an error.
pub(super) fn result(raw: &RawJson, json: bool) -> Result<bool, Failure> {
    let result: CallToolResult =
        raw.read().context("the server's answer is no result of a tool").map_err(Failure::Unavailable)?;
    if json {
        print(&format!("{}\n", String::from_utf8_lossy(raw.as_bytes())))?;
        return Ok(result.is_error);
    }
    let mut text = String::new();
    for content in &result.content {
        text.push_str(&shown(content));
        text.push('\n');
    }
    if result.content.is_empty()
        && let Some(structured) = &result.structured_content
    {
        text = format!("{structured:#}\n");
    }
    if result.is_error {
        say(&format!("the tool reported an error:\n{text}"));
    } else {
        print(&text)?;
    }
    Ok(result.is_error)
}

fn shown(content: &Content) -> String {
    match content {
        Content::Text { text, .. } => without_controls(text),
        Content::Image { data, mime_type, .. } => format!("[image, {mime_type}, {} bytes in Base64]", data.len()),
        Content::Audio { data, mime_type, .. } => format!("[audio, {mime_type}, {} bytes in Base64]", data.len()),
        Content::Resource { resource, .. } => match &resource.text {
            Some(text) => format!("[{}]\n{}", resource.uri, without_controls(text)),
            None => format!("[resource, {}]", resource.uri),
        },
        Content::ResourceLink { uri, name, .. } => format!("[{name}: {uri}]"),
    }
}

/// Text of a server that is not ours, without what would steer the terminal.
fn without_controls(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// Prints how far a call has come, where a person is watching.
pub(super) fn progress(progress: Progress) {
    if !std::io::stderr().is_terminal() {
        return;
    }
    let total = progress.total.map(|total| format!(" of {total}")).unwrap_or_default();
    let message = progress.message.map(|message| format!(": {}", without_controls(&message))).unwrap_or_default();
    say(&format!("… {}{total}{message}\n", progress.progress));
}

fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever read has seen enough, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(|error| Failure::Ours(error.into())),
    }
}

fn say(text: &str) {
    drop(std::io::stderr().write_all(text.as_bytes()));
}
