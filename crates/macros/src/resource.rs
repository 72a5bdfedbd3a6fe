//! `#[resource]`: from a typed async function to a resource, or to a template of resources.

mod variables;

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{ItemFn, LitStr};

use crate::attributes::ResourceAttribute;
use crate::item::{Renamed, runtime_path, text};
use crate::prompt::completers;
use crate::signature::{Argument, Parameters, list, optional};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let attribute = ResourceAttribute::parse(attribute)?;
    let mut function: ItemFn = syn::parse2(item)?;
    let parameters = Parameters::take_plain(&mut function, "resource")?;
    let place = Place::of(&attribute, &function)?;
    place.check(&parameters)?;
    let completers = completers(&attribute.completers, &parameters, "variable")?;

    let listed = attribute.texts.name_or(&function.sig.ident)?;
    let title = text(attribute.texts.title.as_ref().map(LitStr::value));
    let description = text(attribute.texts.description_or(&function.attrs));
    let mime_type = text(attribute.mime_type.as_ref().map(LitStr::value));
    let members = quote! {
        name: #listed.to_owned(),
        title: #title,
        description: #description,
        mime_type: #mime_type,
    };
    let runtime = runtime_path()?;
    let renamed = Renamed::new(function);
    let name = &renamed.name;
    let requires = attribute.scopes.requires(&runtime);
    let dynamic = match place {
        Place::Uri(uri) => resource(&runtime, &renamed, &parameters, uri, &members),
        Place::Template(template) => {
            let dynamic = self::template(&runtime, &renamed, &parameters, template, &members);
            let any_value = attribute.any_value.is_some_and(|(_, flag)| flag).then(|| quote!(.any_value()));
            quote!(#dynamic #any_value #(#completers)*)
        }
    };
    Ok(renamed.with(&quote! {
        impl #runtime::NativeResource for #name {
            fn offered(self) -> #runtime::ResourceOffer {
                #runtime::NativeResource::offered(#dynamic #requires)
            }
        }
    }))
}

/// Where it is.
enum Place<'a> {
    Uri(&'a LitStr),
    Template(&'a LitStr),
}

impl<'a> Place<'a> {
    fn of(attribute: &'a ResourceAttribute, function: &ItemFn) -> syn::Result<Self> {
        if let (None, Some((span, _))) = (&attribute.template, attribute.any_value) {
            return Err(syn::Error::new(span, "only a template has values"));
        }
        match (&attribute.uri, &attribute.template) {
            (Some(uri), None) if uri.value().contains(['{', '}']) => {
                Err(syn::Error::new(uri.span(), "a URI has no braces; if it is a template, write template = \"…\""))
            }
            (Some(uri), None) => Ok(Self::Uri(uri)),
            (None, Some(template)) => Ok(Self::Template(template)),
            (Some(_), Some(template)) => {
                Err(syn::Error::new(template.span(), "a resource has either a uri or a template"))
            }
            (None, None) => {
                let fault = "a resource needs uri = \"…\" or template = \"…\"";
                Err(syn::Error::new(function.sig.ident.span(), fault))
            }
        }
    }

    /// Its variables are the parameters, and the other way round.
    fn check(&self, parameters: &Parameters) -> syn::Result<()> {
        let (text, variables) = match self {
            Self::Uri(uri) => (uri, Vec::new()),
            Self::Template(template) => (template, variables::of(template)?),
        };
        for argument in parameters.arguments() {
            let name = argument.name.unraw().to_string();
            if !variables.contains(&name) {
                return Err(syn::Error::new(argument.name.span(), format!("the URI has no variable '{name}'")));
            }
        }
        for variable in variables {
            if !parameters.arguments().any(|argument| argument.name.unraw() == variable.as_str()) {
                return Err(syn::Error::new(text.span(), format!("no parameter takes the variable '{variable}'")));
            }
        }
        Ok(())
    }
}

fn resource(
    runtime: &TokenStream,
    renamed: &Renamed,
    parameters: &Parameters,
    uri: &LitStr,
    members: &TokenStream,
) -> TokenStream {
    let name = &renamed.name;
    let passed = parameters.passed(&format_ident!("__context"));
    quote! {
        #runtime::DynamicResource::new(
            #runtime::generated::Resource {
                uri: #uri.to_owned(),
                #members
                ..::core::default::Default::default()
            },
            |__context: #runtime::Context| async move { #name::run(#(#passed),*).await },
        )
    }
}

fn template(
    runtime: &TokenStream,
    renamed: &Renamed,
    parameters: &Parameters,
    template: &LitStr,
    members: &TokenStream,
) -> TokenStream {
    let name = &renamed.name;
    let taken = parameters.arguments().map(|argument| taken(runtime, argument));
    let passed = parameters.passed(&format_ident!("__context"));
    quote! {
        #runtime::DynamicTemplate::new(
            #runtime::generated::ResourceTemplate {
                uri_template: #template.to_owned(),
                #members
                ..::core::default::Default::default()
            },
            |__context: #runtime::Context, __matched: #runtime::MatchedUri| async move {
                #(#taken)*
                ::core::option::Option::Some(#name::run(#(#passed),*).await)
            },
        )
    }
}

fn taken(runtime: &TokenStream, argument: &Argument) -> TokenStream {
    let Argument { name, type_, .. } = argument;
    let variable = name.unraw().to_string();
    let value = if list(type_).is_some() {
        quote!(list_variable(&__matched, #variable))
    } else if optional(type_).is_some() {
        quote!(optional_variable(&__matched, #variable)?)
    } else {
        quote!(required_variable(&__matched, #variable)?)
    };
    quote!(let #name: #type_ = #runtime::generated::#value;)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a function under `#[resource(attribute)]`.
    fn refusal(attribute: &str, function: &str) -> String {
        let tokens = |text: &str| text.parse().expect("the case is Rust");
        expand(tokens(attribute), tokens(function)).expect_err("it is no resource").to_string()
    }

    #[test]
    fn variables_and_parameters_are_the_same() {
        let cases = [
            ("uri = \"a:b\"", "async fn a(x: String) {}", "the URI has no variable 'x'"),
            ("template = \"a:{x}\"", "async fn a(y: String) {}", "the URI has no variable 'y'"),
            (
                "template = \"a:{x}{?y,z*}\"",
                "async fn a(x: String, y: String) {}",
                "no parameter takes the variable 'z'",
            ),
            ("template = \"a:{x}\", complete(y = f)", "async fn a(x: String) {}", "there is no variable 'y'"),
            ("template = \"a:{x\"", "async fn a(x: String) {}", "a { has no }"),
            ("template = \"a:{x}\"", "fn a(x: String) {}", "a resource is an async fn"),
            ("template = \"a:{x}\"", "async fn a(x: &str) {}", "an argument of a resource is owned"),
            ("template = \"a:{x}\"", "async fn a(#[serde(default)] x: u8) {}", "an argument of a resource has no attr"),
        ];
        for (attribute, function, said) in cases {
            let refusal = refusal(attribute, function);
            assert!(refusal.contains(said), "{attribute} {function}: {refusal}");
        }
    }

    #[test]
    fn attributes_that_say_nothing_are_refused() {
        const KEYS: &str =
            "expected uri, template, name, title, description or mime_type with a string, any_value with";
        let cases = [
            ("", "a resource needs uri = \"…\" or template = \"…\""),
            ("uri = \"a:b\", template = \"a:{b}\"", "a resource has either a uri or a template"),
            ("uri = \"a:{b}\"", "a URI has no braces"),
            ("uri = \"a:b\", size = \"1\"", KEYS),
            ("uri = \"a:b\", mime_type", KEYS),
            ("uri = \"a:b\", complete = \"x\"", KEYS),
            ("uri = \"a:b\", name = \"\"", "a name is not empty"),
            ("uri = \"a:b\", any_value", "only a template has values"),
            ("template = \"a:b\", any_value = \"yes\"", KEYS),
            ("uri = \"a:b\", scopes(\"a b\")", "a scope is one or more printable ASCII"),
            ("uri = \"a:b\", any_scope()", "name at least one scope"),
            ("uri = \"a:b\", scopes_for = f", KEYS),
        ];
        for (attribute, said) in cases {
            let refusal = refusal(attribute, "async fn a() {}");
            assert!(refusal.contains(said), "{attribute}: {refusal}");
        }
    }

    #[test]
    fn what_is_a_resource_is_refused_only_for_want_of_the_runtime() {
        let function = "async fn a(x: Option<u8>, ctx: &Context, r#type: Vec<String>) -> String { String::new() }";
        let attribute =
            "template = \"a:{x:3}{/type*}\", mime_type = \"text/plain\", any_value, complete(type = f), scopes(\"a\")";
        assert!(refusal(attribute, function).contains("needs outboard-server or outboard-runtime"));
    }
}
