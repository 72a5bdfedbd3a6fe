//! What stands in the parentheses of the macros, and documentation as text.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitBool, LitStr, Meta, Path, Token};

use crate::scopes::{self, Scopes, ScopesFor};

/// What stands in `#[tool(…)]`.
#[derive(Default)]
pub(crate) struct ToolAttribute {
    pub(crate) texts: Texts,
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
    pub(crate) single_use: bool,
    pub(crate) scopes: Scopes,
    pub(crate) scopes_for: Option<ScopesFor>,
}

/// What stands in `#[prompt(…)]`.
#[derive(Default)]
pub(crate) struct PromptAttribute {
    pub(crate) texts: Texts,
    pub(crate) completers: Vec<Completer>,
    pub(crate) scopes: Scopes,
}

/// What stands in `#[resource(…)]`.
#[derive(Default)]
pub(crate) struct ResourceAttribute {
    pub(crate) texts: Texts,
    pub(crate) uri: Option<LitStr>,
    pub(crate) template: Option<LitStr>,
    pub(crate) mime_type: Option<LitStr>,
    /// Where it says whether a template takes any value, and what it says.
    pub(crate) any_value: Option<(Span, bool)>,
    pub(crate) completers: Vec<Completer>,
    pub(crate) scopes: Scopes,
}

/// What everything that is listed may be told to have.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) name: Option<LitStr>,
    pub(crate) title: Option<LitStr>,
    pub(crate) description: Option<LitStr>,
}

/// One `argument = path` of `complete(…)`.
pub(crate) struct Completer {
    pub(crate) argument: Ident,
    pub(crate) path: Path,
}

impl ToolAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        const EXPECTED: &str = "expected name, title or description with a string, or read_only, destructive, \
                                idempotent, open_world or single_use with true, false or nothing, or scopes or \
                                any_scope with strings in parentheses, or scopes_for = function";
        let mut parsed = Self::default();
        for Entry { key, value } in entries(tokens)? {
            match (key.to_string().as_str(), value) {
                ("read_only", Value::Flag(flag)) => parsed.read_only = Some(flag),
                ("destructive", Value::Flag(flag)) => parsed.destructive = Some(flag),
                ("idempotent", Value::Flag(flag)) => parsed.idempotent = Some(flag),
                ("open_world", Value::Flag(flag)) => parsed.open_world = Some(flag),
                ("single_use", Value::Flag(flag)) => parsed.single_use = flag,
                ("scopes", Value::Scopes(scopes)) => parsed.scopes.all = scopes,
                ("any_scope", Value::Scopes(scopes)) => parsed.scopes.any = scopes,
                ("scopes_for", Value::ScopesFor(decide)) => parsed.scopes_for = Some(decide),
                (text, value) => parsed.texts.take(text, value).ok_or_else(|| syn::Error::new(key.span(), EXPECTED))?,
            }
        }
        Ok(parsed)
    }

    /// The name under which the tool is listed: that of its function where the attribute has none.
    pub(crate) fn listed_name(&self, function: &Ident) -> syn::Result<String> {
        let (name, span) = match &self.texts.name {
            Some(name) => (name.value(), name.span()),
            None => (function.unraw().to_string(), function.span()),
        };
        if is_tool_name(&name) {
            return Ok(name);
        }
        Err(syn::Error::new(span, "a tool name is 1 to 128 characters of A-Z a-z 0-9 _ - ."))
    }
}

impl PromptAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        const EXPECTED: &str = "expected name, title or description with a string, or complete(argument = function), \
                                or scopes or any_scope with strings in parentheses";
        let mut parsed = Self::default();
        for Entry { key, value } in entries(tokens)? {
            match (key.to_string().as_str(), value) {
                ("complete", Value::Completers(completers)) => parsed.completers = completers,
                ("scopes", Value::Scopes(scopes)) => parsed.scopes.all = scopes,
                ("any_scope", Value::Scopes(scopes)) => parsed.scopes.any = scopes,
                (text, value) => parsed.texts.take(text, value).ok_or_else(|| syn::Error::new(key.span(), EXPECTED))?,
            }
        }
        Ok(parsed)
    }
}

impl ResourceAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        const EXPECTED: &str = "expected uri, template, name, title, description or mime_type with a string, \
                                any_value with true, false or nothing, or complete(variable = function), \
                                or scopes or any_scope with strings in parentheses";
        let mut parsed = Self::default();
        for Entry { key, value } in entries(tokens)? {
            match (key.to_string().as_str(), value) {
                ("uri", Value::Text(text)) => parsed.uri = Some(text),
                ("template", Value::Text(text)) => parsed.template = Some(text),
                ("mime_type", Value::Text(text)) => parsed.mime_type = Some(text),
                ("any_value", Value::Flag(flag)) => parsed.any_value = Some((key.span(), flag)),
                ("complete", Value::Completers(completers)) => parsed.completers = completers,
                ("scopes", Value::Scopes(scopes)) => parsed.scopes.all = scopes,
                ("any_scope", Value::Scopes(scopes)) => parsed.scopes.any = scopes,
                (text, value) => parsed.texts.take(text, value).ok_or_else(|| syn::Error::new(key.span(), EXPECTED))?,
            }
        }
        Ok(parsed)
    }
}

impl Texts {
    /// Takes one of them; `None` when it is none.
    fn take(&mut self, key: &str, value: Value) -> Option<()> {
        let Value::Text(text) = value else { return None };
        let place = match key {
            "name" => &mut self.name,
            "title" => &mut self.title,
            "description" => &mut self.description,
            _ => return None,
        };
        *place = Some(text);
        Some(())
    }

    /// The name under which something is listed: that of its function where the attribute has none.
    pub(crate) fn name_or(&self, function: &Ident) -> syn::Result<String> {
        match &self.name {
            Some(name) if name.value().is_empty() => Err(syn::Error::new(name.span(), "a name is not empty")),
            Some(name) => Ok(name.value()),
            None => Ok(function.unraw().to_string()),
        }
    }

    /// The description: the documentation of the function where the attribute has none.
    pub(crate) fn description_or(&self, attributes: &[Attribute]) -> Option<String> {
        self.description.as_ref().map(LitStr::value).or_else(|| documentation(attributes))
    }
}

/// The rule of the specification's *Tool Names*, checked where the mistake is made.
fn is_tool_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=128).contains(&name.len()) && name.bytes().all(allowed)
}

fn entries(tokens: TokenStream) -> syn::Result<Vec<Entry>> {
    let entries: Vec<Entry> = Punctuated::<Entry, Token![,]>::parse_terminated.parse2(tokens)?.into_iter().collect();
    each_once(entries.iter().map(|entry| &entry.key))?;
    Ok(entries)
}

fn each_once<'a>(keys: impl Iterator<Item = &'a Ident>) -> syn::Result<()> {
    let mut seen = HashSet::new();
    for key in keys {
        if !seen.insert(key.to_string()) {
            return Err(syn::Error::new(key.span(), format!("{key} stands more than once")));
        }
    }
    Ok(())
}

struct Entry {
    key: Ident,
    value: Value,
}

enum Value {
    Text(LitStr),
    Flag(bool),
    Completers(Vec<Completer>),
    Scopes(Vec<LitStr>),
    ScopesFor(ScopesFor),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let key = Ident::parse_any(input)?;
        if input.peek(syn::token::Paren) {
            let inside;
            syn::parenthesized!(inside in input);
            if key == "scopes" || key == "any_scope" {
                return Ok(Self { key, value: Value::Scopes(scopes::listed(&inside)?) });
            }
            let completers: Vec<Completer> =
                Punctuated::<Completer, Token![,]>::parse_terminated(&inside)?.into_iter().collect();
            each_once(completers.iter().map(|completer| &completer.argument))?;
            return Ok(Self { key, value: Value::Completers(completers) });
        }
        if !input.peek(Token![=]) {
            return Ok(Self { key, value: Value::Flag(true) });
        }
        input.parse::<Token![=]>()?;
        let value = if key == "scopes_for" {
            Value::ScopesFor(input.parse()?)
        } else if input.peek(LitBool) {
            Value::Flag(input.parse::<LitBool>()?.value)
        } else {
            Value::Text(input.parse()?)
        };
        Ok(Self { key, value })
    }
}

impl Parse for Completer {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let argument = Ident::parse_any(input)?;
        input.parse::<Token![=]>()?;
        Ok(Self { argument, path: input.parse()? })
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
