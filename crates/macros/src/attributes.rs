//! What stands in `#[tool(…)]`, and documentation as text.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitBool, LitStr, Meta, Token};

/// What stands in `#[tool(…)]`.
#[derive(Default)]
pub(crate) struct ToolAttribute {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
}

impl ToolAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let mut parsed = Self::default();
        let mut seen = std::collections::HashSet::new();
        for entry in Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)? {
            let Entry { key, value } = entry;
            if !seen.insert(key.to_string()) {
                return Err(syn::Error::new(key.span(), format!("{key} stands more than once")));
            }
            match (key.to_string().as_str(), value) {
                ("name", Value::Text(text)) => parsed.name = Some(text),
                ("title", Value::Text(text)) => parsed.title = Some(text),
                ("description", Value::Text(text)) => parsed.description = Some(text),
                ("read_only", Value::Flag(flag)) => parsed.read_only = Some(flag),
                ("destructive", Value::Flag(flag)) => parsed.destructive = Some(flag),
                ("idempotent", Value::Flag(flag)) => parsed.idempotent = Some(flag),
                ("open_world", Value::Flag(flag)) => parsed.open_world = Some(flag),
                _ => return Err(syn::Error::new(key.span(), EXPECTED)),
            }
        }
        Ok(parsed)
    }

    /// The name under which the tool is listed: that of its function where the attribute has none.
    pub(crate) fn listed_name(&self, function: &Ident) -> syn::Result<String> {
        let (name, span) = match &self.name {
            Some(name) => (name.value(), name.span()),
            None => (function.unraw().to_string(), function.span()),
        };
        if is_tool_name(&name) {
            return Ok(name);
        }
        Err(syn::Error::new(span, "a tool name is 1 to 128 characters of A-Z a-z 0-9 _ - ."))
    }
}

const EXPECTED: &str = "expected name, title or description with a string, or read_only, destructive, idempotent or \
                        open_world with true, false or nothing";

/// The rule of the specification's *Tool Names*, checked where the mistake is made.
fn is_tool_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=128).contains(&name.len()) && name.bytes().all(allowed)
}

struct Entry {
    key: Ident,
    value: Value,
}

enum Value {
    Text(LitStr),
    Flag(bool),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = Ident::parse_any(input)?;
        if !input.peek(Token![=]) {
            return Ok(Self { key, value: Value::Flag(true) });
        }
        input.parse::<Token![=]>()?;
        let value = if input.peek(LitBool) {
            Value::Flag(input.parse::<LitBool>()?.value)
        } else {
            Value::Text(input.parse()?)
        };
        Ok(Self { key, value })
    }
}

/// The text of documentation comments: lines joined, one leading space of each removed.
pub(crate) fn documentation(attributes: &[Attribute]) -> Option<String> {
    let lines: Vec<String> = attributes.iter().filter_map(documentation_line).collect();
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn documentation_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    if !pair.path.is_ident("doc") {
        return None;
    }
    match &pair.value {
        Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => {
            let line = line.value();
            Some(line.strip_prefix(' ').unwrap_or(&line).to_owned())
        }
        _ => None,
    }
}
