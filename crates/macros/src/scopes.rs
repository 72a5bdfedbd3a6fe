//! `scopes(…)`, `any_scope(…)` and `scopes_for = …`: what an attribute says of who may call.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Ident, LitStr, Path, Token};

use crate::signature::Parameters;

/// The scopes that every call needs.
#[derive(Default)]
pub(crate) struct Scopes {
    /// All of these.
    pub(crate) all: Vec<LitStr>,
    /// One of these.
    pub(crate) any: Vec<LitStr>,
}

/// What stands in `scopes_for = path` or `scopes_for = path(argument, …)`.
pub(crate) struct ScopesFor {
    path: Path,
    /// The arguments that the function takes; all of them where there are no parentheses.
    arguments: Option<Vec<Ident>>,
}

impl Scopes {
    /// The `Requirement` in what is written; nothing where nothing is required.
    pub(crate) fn requirement(&self, runtime: &TokenStream) -> Option<TokenStream> {
        let Self { all, any } = self;
        let is_empty = all.is_empty() && any.is_empty();
        (!is_empty).then(|| quote!(#runtime::generated::requirement(&[#(#all),*], &[#(#any),*])))
    }

    /// The call of a builder that says it.
    pub(crate) fn requires(&self, runtime: &TokenStream) -> Option<TokenStream> {
        self.requirement(runtime).map(|requirement| quote!(.requires(#requirement)))
    }
}

/// What stands in the parentheses of `scopes` and `any_scope`.
pub(crate) fn listed(inside: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    let scopes: Vec<LitStr> = Punctuated::<LitStr, Token![,]>::parse_terminated(inside)?.into_iter().collect();
    if scopes.is_empty() {
        return Err(inside.error("name at least one scope"));
    }
    for (place, scope) in scopes.iter().enumerate() {
        let value = scope.value();
        if value.is_empty() || !value.bytes().all(is_scope_byte) {
            let fault = "a scope is one or more printable ASCII characters without space, \" and \\; write several as \
                         several strings";
            return Err(syn::Error::new(scope.span(), fault));
        }
        if value == "offline_access" {
            let fault = "offline_access is between a client and its issuer: clients are never told to ask for it here, so \
                         nobody who lacks it could get in";
            return Err(syn::Error::new(scope.span(), fault));
        }
        if scopes.iter().take(place).any(|other| other.value() == value) {
            return Err(syn::Error::new(scope.span(), format!("the scope {value} stands more than once")));
        }
    }
    Ok(scopes)
}

/// RFC 6749 §3.3, `scope-token`.
const fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e)
}

impl Parse for ScopesFor {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path = input.call(Path::parse_mod_style)?;
        if !input.peek(syn::token::Paren) {
            return Ok(Self { path, arguments: None });
        }
        let inside;
        syn::parenthesized!(inside in input);
        let arguments = Punctuated::<Ident, Token![,]>::parse_terminated_with(&inside, Ident::parse_any)?;
        Ok(Self { path, arguments: Some(arguments.into_iter().collect()) })
    }
}

impl ScopesFor {
    /// The call of the function with arguments that are borrowed from `arguments`.
    pub(crate) fn called(&self, parameters: &Parameters, arguments: &Ident) -> syn::Result<TokenStream> {
        let passed: Vec<&Ident> = match &self.arguments {
            None => parameters.arguments().map(|argument| &argument.name).collect(),
            Some(named) => named.iter().map(|name| known(parameters, name)).collect::<syn::Result<_>>()?,
        };
        if passed.is_empty() {
            let fault = "there is no argument that could decide: write scopes(\"…\")";
            return Err(syn::Error::new_spanned(self.path.to_token_stream(), fault));
        }
        let path = &self.path;
        Ok(quote!(#path(#(&#arguments.#passed),*)))
    }
}

/// The argument as its function has it.
fn known<'a>(parameters: &'a Parameters, name: &Ident) -> syn::Result<&'a Ident> {
    let mut arguments = parameters.arguments().map(|argument| &argument.name);
    arguments
        .find(|known| known.unraw() == name.unraw())
        .ok_or_else(|| syn::Error::new(name.span(), format!("there is no argument '{}'", name.unraw())))
}
