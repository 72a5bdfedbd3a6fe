//! What all macros write alike: the type that stands for a function, and paths into the runtime.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Ident, ItemFn, Visibility, parse_quote};

/// A function whose place is taken by a type of its name.
pub(crate) struct Renamed {
    pub(crate) name: Ident,
    visibility: Visibility,
    documents: Vec<Attribute>,
    /// The function itself, `run` of that type.
    function: ItemFn,
}

impl Renamed {
    pub(crate) fn new(mut function: ItemFn) -> Self {
        let name = function.sig.ident.clone();
        let visibility = std::mem::replace(&mut function.vis, parse_quote!(pub));
        let documents = function.attrs.iter().filter(|one| one.path().is_ident("doc")).cloned().collect();
        function.sig.ident = Ident::new("run", name.span());
        Self { name, visibility, documents, function }
    }

    /// What the function returns.
    pub(crate) fn returned(&self) -> TokenStream {
        match &self.function.sig.output {
            syn::ReturnType::Default => quote!(()),
            syn::ReturnType::Type(_, type_) => quote!(#type_),
        }
    }

    /// The type and the function, with what is `private` to them.
    pub(crate) fn with(&self, private: &TokenStream) -> TokenStream {
        let Self { name, visibility, documents, function } = self;
        let structure = structure(name, visibility, documents);
        quote! {
            #structure

            impl #name {
                #function
            }

            const _: () = {
                #private
            };
        }
    }
}

/// An `Option` in what is written.
pub(crate) fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(|| quote!(None), |value| quote!(Some(#value)))
}

/// An `Option` of a `String` in what is written.
pub(crate) fn text(value: Option<String>) -> TokenStream {
    option(value.map(|value| quote!(#value.to_owned())))
}

/// The path of `outboard_runtime` in the crate where the macro is used: directly, or through the crate that most programs
/// are written against.
pub(crate) fn runtime_path() -> syn::Result<TokenStream> {
    let path = |found: FoundCrate, own_name: &str, inside: TokenStream| {
        // A crate's tests and documentation are other crates, which know it by its name; so it calls itself, too, by
        // `extern crate self`.
        let name = if let FoundCrate::Name(name) = &found { name } else { own_name };
        let name = Ident::new(name, Span::call_site());
        quote!(::#name #inside)
    };
    if let Ok(found) = crate_name("outboard-server") {
        return Ok(path(found, "outboard_server", quote!(::runtime)));
    }
    if let Ok(found) = crate_name("outboard-runtime") {
        return Ok(path(found, "outboard_runtime", quote!()));
    }
    let fault = "this macro needs outboard-server or outboard-runtime among the dependencies of this crate";
    Err(syn::Error::new(Span::call_site(), fault))
}

/// What a function becomes: a type, and a function that makes it. A unit struct would be both in one, and no variable near it could
/// have its name.
fn structure(name: &Ident, visibility: &Visibility, documents: &[Attribute]) -> TokenStream {
    quote! {
        #(#documents)*
        #[allow(non_camel_case_types, reason = "it stands for the function of this name")]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #name {}

        #(#documents)*
        #[must_use]
        #visibility const fn #name() -> #name {
            #name {}
        }
    }
}
