//! What is printed when the server is ready: the URL, and how clients are told of it.

use outboard_runtime::Counts;
use url::Url;

/// What there is to say.
pub(crate) struct Banner<'a> {
    /// The MCP endpoint, as clients reach it.
    pub(crate) url: &'a Url,
    /// The server's name.
    pub(crate) name: &'a str,
    /// How much it offers now.
    pub(crate) counts: Counts,
    /// Whose tokens are asked for; `None`: nobody is asked for one.
    pub(crate) tokens: Option<Tokens<'a>>,
}

/// Whose tokens are asked for.
pub(crate) struct Tokens<'a> {
    /// The issuers, but for that for development; and API keys, where there are any.
    pub(crate) issuers: Vec<&'a str>,
    /// The users of the issuer for development, if it runs.
    pub(crate) test_users: Option<&'a [String]>,
}

impl Banner<'_> {
    pub(crate) fn text(&self) -> String {
        let Self { url, counts, .. } = self;
        let name = self.client_name();
        let tokens = self.tokens.as_ref().map(Tokens::text).unwrap_or_default();
        format!(
            "{} is serving {} on {url}\n{tokens}\n\
             Claude Code   claude mcp add --transport http {name} {url}\n\
             VS Code       code --add-mcp '{{\"name\":\"{name}\",\"type\":\"http\",\"url\":\"{url}\"}}'\n\
             Cursor        {{\"mcpServers\":{{\"{name}\":{{\"url\":\"{url}\"}}}}}}   in .cursor/mcp.json\n\
             Codex         codex mcp add {name} --url {url}\n\
             Shell         outboard list {url}\n\n",
            self.name,
            offered(*counts),
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

impl Tokens<'_> {
    fn text(&self) -> String {
        let mut text = String::new();
        if !self.issuers.is_empty() {
            text.push_str(&format!("Callers need a token of {}\n", self.issuers.join(" or ")));
        }
        if let Some(users) = self.test_users {
            let users = users.join(" or ");
            text.push_str(&format!("Callers sign in here as {users}, without a password: for development only\n"));
        }
        text
    }
}

/// What there is, as it is said in a line; a template counts as a resource.
fn offered(counts: Counts) -> String {
    let kinds = [(counts.tools, "tool"), (counts.resources + counts.templates, "resource"), (counts.prompts, "prompt")];
    let parts: Vec<String> = kinds.into_iter().filter(|(count, _)| *count > 0).map(counted).collect();
    match parts.as_slice() {
        [] => counted((0, "tool")),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn counted((count, kind): (usize, &str)) -> String {
    if count == 1 { format!("1 {kind}") } else { format!("{count} {kind}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_to_paste() {
        let url = Url::parse("http://127.0.0.1:8080/mcp").unwrap();
        for (name, pasted) in [("calculator", "calculator"), ("my 'server'; rm", "my--server---rm"), ("éé", "outboard")]
        {
            let counts = Counts { tools: 1, ..Counts::default() };
            let text = Banner { url: &url, name, counts, tokens: None }.text();
            assert!(
                text.contains(&format!("claude mcp add --transport http {pasted} http://127.0.0.1:8080/mcp\n")),
                "{text}"
            );
            assert!(text.starts_with(&format!("{name} is serving 1 tool on http://127.0.0.1:8080/mcp\n")), "{text}");
        }
    }

    #[test]
    fn who_is_asked_for_a_token_is_told_where_from() {
        let url = Url::parse("http://127.0.0.1:8080/mcp").unwrap();
        let users = ["alice".to_owned(), "bob".to_owned()];
        let tokens = Tokens { issuers: vec!["https://a.example", "https://b.example"], test_users: Some(&users) };
        let text = Banner { url: &url, name: "n", counts: Counts::default(), tokens: Some(tokens) }.text();
        let expected = "n is serving 0 tools on http://127.0.0.1:8080/mcp\n\
                        Callers need a token of https://a.example or https://b.example\n\
                        Callers sign in here as alice or bob, without a password: for development only\n\n";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn what_there_is_is_counted_and_what_is_not_is_left_out() {
        let cases = [
            ((0, 0, 0, 0), "0 tools"),
            ((2, 0, 0, 0), "2 tools"),
            ((0, 1, 0, 0), "1 resource"),
            ((3, 0, 0, 1), "3 tools and 1 prompt"),
            ((13, 7, 2, 4), "13 tools, 9 resources and 4 prompts"),
        ];
        for ((tools, resources, templates, prompts), said) in cases {
            assert_eq!(offered(Counts { tools, resources, templates, prompts }), said);
        }
    }
}
