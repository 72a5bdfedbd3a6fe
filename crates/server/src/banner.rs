//! What is printed when the server is ready: the URL, and how clients are told of it.

use url::Url;

/// What there is to say.
pub(crate) struct Banner<'a> {
    /// The MCP endpoint, as clients reach it.
    pub(crate) url: &'a Url,
    /// The server's name.
    pub(crate) name: &'a str,
    /// How many tools it has now.
    pub(crate) tools: usize,
}

impl Banner<'_> {
    pub(crate) fn text(&self) -> String {
        let Self { url, tools, .. } = self;
        let name = self.client_name();
        let tool = if *tools == 1 { "tool" } else { "tools" };
        format!(
            "{} is serving {tools} {tool} on {url}\n\n\
             Claude Code   claude mcp add --transport http {name} {url}\n\
             VS Code       code --add-mcp '{{\"name\":\"{name}\",\"type\":\"http\",\"url\":\"{url}\"}}'\n\
             Cursor        {{\"mcpServers\":{{\"{name}\":{{\"url\":\"{url}\"}}}}}}   in .cursor/mcp.json\n\
             Codex         codex mcp add {name} --url {url}\n\
             Shell         outboard list {url}\n\n",
            self.name,
        )
    }

    /// The name as clients and shells take it unquoted.
    fn client_name(&self) -> String {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
        let name: String = self.name.chars().map(|letter| if allowed(letter) { letter } else { '-' }).collect();
        let name = name.trim_matches('-');
        if name.is_empty() { "outboard".to_owned() } else { name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_to_paste() {
        let url = Url::parse("http://127.0.0.1:8080/mcp").unwrap();
        for (name, pasted) in [("calculator", "calculator"), ("my 'server'; rm", "my--server---rm"), ("éé", "outboard")]
        {
            let text = Banner { url: &url, name, tools: 1 }.text();
            assert!(
                text.contains(&format!("claude mcp add --transport http {pasted} http://127.0.0.1:8080/mcp\n")),
                "{text}"
            );
            assert!(text.starts_with(&format!("{name} is serving 1 tool on http://127.0.0.1:8080/mcp\n")), "{text}");
        }
    }
}
