//! The parameters of a tool's function: its arguments, and where the call itself goes.

use std::collections::HashSet;

use syn::{Attribute, FnArg, Ident, ItemFn, LitStr, Pat, Signature, Type};

use crate::attributes::documentation;

/// The parameters of a tool's function, in their order.
pub(crate) struct Parameters {
    pub(crate) all: Vec<Parameter>,
}

pub(crate) enum Parameter {
    /// The call, by value or by reference.
    Context { by_reference: bool },
    /// An argument.
    Argument(Box<Argument>),
}

pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) type_: Type,
    pub(crate) documentation: Option<String>,
    /// What stands in `#[header("…")]`: the end of the name of the header that repeats the argument.
    pub(crate) header: Option<LitStr>,
    /// All other attributes, for example `#[serde(default)]` and `#[schemars(range(min = 1))]`.
    pub(crate) attributes: Vec<Attribute>,
}

impl Parameters {
    /// Takes the parameters of `function`, and their attributes away from it.
    pub(crate) fn take(function: &mut ItemFn) -> syn::Result<Self> {
        check(&function.sig)?;
        let all = function.sig.inputs.iter_mut().map(parameter).collect::<syn::Result<Vec<_>>>()?;
        let parameters = Self { all };
        let mut seen = HashSet::new();
        for header in parameters.arguments().filter_map(|argument| argument.header.as_ref()) {
            if !seen.insert(header.value().to_ascii_lowercase()) {
                return Err(syn::Error::new(header.span(), "two arguments have this header"));
            }
        }
        Ok(parameters)
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.all.iter().filter_map(|parameter| match parameter {
            Parameter::Argument(argument) => Some(&**argument),
            Parameter::Context { .. } => None,
        })
    }
}

fn check(signature: &Signature) -> syn::Result<()> {
    if signature.asyncness.is_none() {
        return Err(syn::Error::new_spanned(signature.fn_token, "a tool is an async fn"));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&signature.generics, "a tool has no generic parameters"));
    }
    Ok(())
}

fn parameter(input: &mut FnArg) -> syn::Result<Parameter> {
    let FnArg::Typed(typed) = input else {
        return Err(syn::Error::new_spanned(input, "a tool is a free function: it has no self"));
    };
    let (headers, attributes): (Vec<_>, Vec<_>) =
        std::mem::take(&mut typed.attrs).into_iter().partition(|attribute| attribute.path().is_ident("header"));
    if let Some(by_reference) = context_type(&typed.ty) {
        if let Some(header) = headers.first() {
            return Err(syn::Error::new_spanned(header, "the call itself is no argument that a header could repeat"));
        }
        typed.attrs = attributes;
        return Ok(Parameter::Context { by_reference });
    }
    let Pat::Ident(pattern) = &*typed.pat else {
        return Err(syn::Error::new_spanned(&typed.pat, "an argument of a tool needs a plain name"));
    };
    if let Type::Reference(reference) = &*typed.ty {
        let fault = "an argument of a tool is owned, for example String; only Context is taken by reference";
        return Err(syn::Error::new_spanned(reference, fault));
    }
    Ok(Parameter::Argument(Box::new(Argument {
        name: pattern.ident.clone(),
        type_: (*typed.ty).clone(),
        documentation: documentation(&attributes),
        header: header(&headers)?,
        attributes: attributes.into_iter().filter(|attribute| !attribute.path().is_ident("doc")).collect(),
    })))
}

/// What stands in the one `#[header("…")]` of an argument.
fn header(attributes: &[Attribute]) -> syn::Result<Option<LitStr>> {
    let attribute = match attributes {
        [] => return Ok(None),
        [attribute] => attribute,
        [_, second, ..] => return Err(syn::Error::new_spanned(second, "an argument has one header")),
    };
    let name: LitStr = attribute.parse_args()?;
    // RFC 9110 §5.6.2: a token.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.value().is_empty() || !name.value().bytes().all(allowed) {
        return Err(syn::Error::new(
            name.span(),
            "a header's name is characters of A-Z a-z 0-9 ! # $ % & ' * + - . ^ _ ` | ~",
        ));
    }
    Ok(Some(name))
}

/// Whether a type is the call itself: `Context` by value (`false`) or by reference (`true`), under any path.
fn context_type(type_: &Type) -> Option<bool> {
    let (inner, by_reference) = match type_ {
        Type::Reference(reference) => (&*reference.elem, true),
        other => (other, false),
    };
    let Type::Path(path) = inner else { return None };
    let is_context = path.path.segments.last().is_some_and(|segment| segment.ident == "Context");
    is_context.then_some(by_reference)
}
