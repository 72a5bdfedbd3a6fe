//! The parameters of a tool's function: its arguments, and where the call itself goes.

use syn::{Attribute, FnArg, Ident, ItemFn, Pat, Signature, Type};

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
    /// Attributes other than documentation, for example `#[serde(default)]` and `#[schemars(range(min = 1))]`.
    pub(crate) attributes: Vec<Attribute>,
}

impl Parameters {
    /// Takes the parameters of `function`, and their attributes away from it.
    pub(crate) fn take(function: &mut ItemFn) -> syn::Result<Self> {
        check(&function.sig)?;
        let all = function.sig.inputs.iter_mut().map(parameter).collect::<syn::Result<Vec<_>>>()?;
        Ok(Self { all })
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
    if let Some(by_reference) = context_type(&typed.ty) {
        return Ok(Parameter::Context { by_reference });
    }
    let Pat::Ident(pattern) = &*typed.pat else {
        return Err(syn::Error::new_spanned(&typed.pat, "an argument of a tool needs a plain name"));
    };
    if let Type::Reference(reference) = &*typed.ty {
        let fault = "an argument of a tool is owned, for example String; only Context is taken by reference";
        return Err(syn::Error::new_spanned(reference, fault));
    }
    let attributes = std::mem::take(&mut typed.attrs);
    Ok(Parameter::Argument(Box::new(Argument {
        name: pattern.ident.clone(),
        type_: (*typed.ty).clone(),
        documentation: documentation(&attributes),
        attributes: attributes.into_iter().filter(|attribute| !attribute.path().is_ident("doc")).collect(),
    })))
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
