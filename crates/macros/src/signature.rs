//! The parameters of a function: its arguments, and where the call itself goes.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::{Attribute, FnArg, GenericArgument, Ident, ItemFn, LitStr, Pat, PathArguments, Signature, Type};

use crate::attributes::documentation;

/// The parameters of a function, in their order.
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
    /// Takes the parameters of `function`, and their attributes away from it. `what` it is stands in what is said about it.
    pub(crate) fn take(function: &mut ItemFn, what: &str) -> syn::Result<Self> {
        check(&function.sig, what)?;
        let inputs = function.sig.inputs.iter_mut();
        let all = inputs.map(|input| parameter(input, what)).collect::<syn::Result<Vec<_>>>()?;
        let parameters = Self { all };
        let mut seen = HashSet::new();
        for header in parameters.arguments().filter_map(|argument| argument.header.as_ref()) {
            if !seen.insert(header.value().to_ascii_lowercase()) {
                return Err(syn::Error::new(header.span(), "two arguments have this header"));
            }
        }
        Ok(parameters)
    }

    /// The same, for what knows only the names and comments of its arguments.
    pub(crate) fn take_plain(function: &mut ItemFn, what: &str) -> syn::Result<Self> {
        let parameters = Self::take(function, what)?;
        for argument in parameters.arguments() {
            let fault = format!("an argument of a {what} has no attributes");
            if let Some(attribute) = argument.attributes.first() {
                return Err(syn::Error::new_spanned(attribute, fault));
            }
            if let Some(header) = &argument.header {
                return Err(syn::Error::new(header.span(), fault));
            }
        }
        Ok(parameters)
    }

    /// What a function is called with: the arguments by their names, the call by that of `context`.
    pub(crate) fn passed(&self, context: &Ident) -> Vec<TokenStream> {
        let passed = self.all.iter().map(|parameter| match parameter {
            Parameter::Context { by_reference: true } => quote!(&#context),
            Parameter::Context { by_reference: false } => quote!(#context),
            Parameter::Argument(argument) => argument.name.to_token_stream(),
        });
        passed.collect()
    }

    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Argument> {
        self.all.iter().filter_map(|parameter| match parameter {
            Parameter::Argument(argument) => Some(&**argument),
            Parameter::Context { .. } => None,
        })
    }
}

/// What stands in an `Option<…>`.
pub(crate) fn optional(type_: &Type) -> Option<&Type> {
    inside(type_, "Option")
}

/// What stands in a `Vec<…>`.
pub(crate) fn list(type_: &Type) -> Option<&Type> {
    inside(type_, "Vec")
}

fn inside<'a>(type_: &'a Type, generic: &str) -> Option<&'a Type> {
    let Type::Path(path) = type_ else { return None };
    let segment = path.path.segments.last().filter(|segment| segment.ident == generic)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    }
}

fn check(signature: &Signature, what: &str) -> syn::Result<()> {
    if signature.asyncness.is_none() {
        return Err(syn::Error::new_spanned(signature.fn_token, format!("a {what} is an async fn")));
    }
    if !signature.generics.params.is_empty() {
        return Err(syn::Error::new_spanned(&signature.generics, format!("a {what} has no generic parameters")));
    }
    Ok(())
}

fn parameter(input: &mut FnArg, what: &str) -> syn::Result<Parameter> {
    let FnArg::Typed(typed) = input else {
        return Err(syn::Error::new_spanned(input, format!("a {what} is a free function: it has no self")));
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
        return Err(syn::Error::new_spanned(&typed.pat, format!("an argument of a {what} needs a plain name")));
    };
    if let Type::Reference(reference) = &*typed.ty {
        let fault = format!("an argument of a {what} is owned, for example String; only Context is taken by reference");
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
