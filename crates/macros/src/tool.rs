//! `#[tool]`: from a typed async function to a tool.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Ident, ItemFn, LitStr};

use crate::attributes::ToolAttribute;
use crate::item::{Renamed, option, runtime_path, text};
use crate::signature::{Argument, Parameters};

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let attribute = ToolAttribute::parse(attribute)?;
    let mut function: ItemFn = syn::parse2(item)?;
    let parameters = Parameters::take(&mut function, "tool")?;
    let listed = attribute.listed_name(&function.sig.ident)?;
    let description = attribute.texts.description_or(&function.attrs);
    let decided = attribute.scopes_for.as_ref();
    let decided = decided.map(|decide| decide.called(&parameters, &format_ident!("__arguments"))).transpose()?;
    let runtime = runtime_path()?;
    let renamed = Renamed::new(function);

    let arguments = arguments_struct(&runtime, &renamed.name, &parameters);
    let access = access(&runtime, &renamed.name, &attribute, decided);
    let handler = handler(&runtime, &renamed.name, &parameters, attribute.single_use, access.as_ref());
    let definition = definition(&runtime, &renamed, &listed, &attribute, description);
    Ok(renamed.with(&quote! { #arguments #definition #handler }))
}

fn arguments_name(name: &Ident) -> Ident {
    format_ident!("{}_arguments", name)
}

/// The arguments as one type, from which the JSON Schema is made and into which they are read.
fn arguments_struct(runtime: &TokenStream, name: &Ident, parameters: &Parameters) -> TokenStream {
    let structure = arguments_name(name);
    let fields = parameters.arguments().map(|Argument { name, type_, documentation, header, attributes }| {
        let documentation = documentation.iter();
        let header =
            header.as_ref().map(|header| quote!(#[schemars(extend("x-mcp-header" = #header), transform = __not_null)]));
        quote! { #(#[doc = #documentation])* #header #(#attributes)* #name: #type_ }
    });
    let not_null = parameters.arguments().any(|argument| argument.header.is_some()).then(|| not_null(runtime));
    let serde = format!("{runtime}::generated::serde").replace(' ', "");
    let schemars = format!("{runtime}::generated::schemars").replace(' ', "");
    quote! {
        #not_null

        #[derive(#runtime::generated::serde::Deserialize, #runtime::generated::schemars::JsonSchema)]
        #[serde(crate = #serde, deny_unknown_fields)]
        #[schemars(crate = #schemars)]
        #[allow(non_camel_case_types, reason = "named after the function it belongs to")]
        struct #structure { #(#fields,)* }
    }
}

/// Takes `null` out of the types of an `Option`, whose argument is then absent or there. Clients leave a tool out if a
/// header repeats an argument of several types.
fn not_null(runtime: &TokenStream) -> TokenStream {
    quote! {
        fn __not_null(schema: &mut #runtime::generated::schemars::Schema) {
            use #runtime::generated::serde_json::Value;
            if let Some(types) = schema.get_mut("type") {
                if let Some([Value::String(one), Value::String(null)]) = types.as_array().map(Vec::as_slice) {
                    if null == "null" {
                        *types = Value::String(one.clone());
                    }
                }
            }
        }
    }
}

fn definition(
    runtime: &TokenStream,
    renamed: &Renamed,
    listed: &str,
    attribute: &ToolAttribute,
    description: Option<String>,
) -> TokenStream {
    let name = &renamed.name;
    let structure = arguments_name(name);
    let title = text(attribute.texts.title.as_ref().map(LitStr::value));
    let description = text(description);
    let hint = |flag: Option<bool>| option(flag.map(|flag| quote!(#flag)));
    let flags = [attribute.read_only, attribute.destructive, attribute.idempotent, attribute.open_world];
    let annotations = if flags.iter().any(Option::is_some) {
        let [read_only, destructive, idempotent, open_world] = flags.map(hint);
        quote!(Some(#runtime::generated::ToolAnnotations {
            title: None,
            read_only_hint: #read_only,
            destructive_hint: #destructive,
            idempotent_hint: #idempotent,
            open_world_hint: #open_world,
        }))
    } else {
        quote!(None)
    };
    let returned = renamed.returned();
    quote! {
        impl #runtime::NativeTool for #name {
            fn offered(self) -> #runtime::OfferedTool {
                #runtime::OfferedTool {
                    tool: #runtime::generated::Tool {
                        name: #listed.to_owned(),
                        title: #title,
                        description: #description,
                        input_schema: #runtime::generated::input_schema::<#structure>(),
                        output_schema: #runtime::generated::output_schema_of::<#returned>(),
                        annotations: #annotations,
                        icons: ::std::vec::Vec::new(),
                        extra: #runtime::generated::serde_json::Map::new(),
                    },
                    handler: self.into(),
                }
            }
        }
    }
}

fn handler(
    runtime: &TokenStream,
    name: &Ident,
    parameters: &Parameters,
    is_single_use: bool,
    access: Option<&TokenStream>,
) -> TokenStream {
    let structure = arguments_name(name);
    let fields: Vec<_> = parameters.arguments().map(|argument| &argument.name).collect();
    let passed = parameters.passed(&format_ident!("__context"));
    quote! {
        impl #runtime::Handler for #name {
            fn call(&self, call: #runtime::Call) -> #runtime::BoxFuture<'static, #runtime::Outcome> {
                ::std::boxed::Box::pin(#runtime::generated::answer(
                    call,
                    |__context: #runtime::Context, __arguments: #structure| async move {
                        let #structure { #(#fields,)* } = __arguments;
                        #name::run(#(#passed),*).await
                    },
                ))
            }

            fn is_single_use(&self) -> bool {
                #is_single_use
            }

            #access
        }
    }
}

/// What the tool requires of its callers, where it requires anything; `decided` is what depends on the `__arguments`.
fn access(
    runtime: &TokenStream,
    name: &Ident,
    attribute: &ToolAttribute,
    decided: Option<TokenStream>,
) -> Option<TokenStream> {
    let structure = arguments_name(name);
    let fixed = attribute.scopes.requirement(runtime);
    if fixed.is_none() && decided.is_none() {
        return None;
    }
    let access = match fixed {
        Some(requirement) => quote!(#runtime::Access::requiring(#requirement)),
        None => quote!(<#runtime::Access as ::core::default::Default>::default()),
    };
    let access = match decided {
        Some(decided) => quote!(#runtime::generated::scopes_for(#access, |__arguments: &#structure| #decided)),
        None => access,
    };
    Some(quote! {
        fn access(&self) -> #runtime::Access {
            #access
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said about a function under `#[tool(attribute)]`.
    fn refusal(attribute: &str, function: &str) -> String {
        let tokens = |text: &str| text.parse().expect("the case is Rust");
        expand(tokens(attribute), tokens(function)).expect_err("it is no tool").to_string()
    }

    #[test]
    fn functions_that_are_no_tools_are_refused() {
        let cases = [
            ("fn a() {}", "a tool is an async fn"),
            ("async fn a<T>(x: T) {}", "a tool has no generic parameters"),
            ("async fn a<'a>(x: &'a Context) {}", "a tool has no generic parameters"),
            ("async fn a(&self) {}", "a tool is a free function: it has no self"),
            ("async fn a((x, y): (u8, u8)) {}", "an argument of a tool needs a plain name"),
            (
                "async fn a(x: &str) {}",
                "an argument of a tool is owned, for example String; only Context is taken by reference",
            ),
            ("async fn gr\u{fc}n() {}", "a tool name is 1 to 128 characters of A-Z a-z 0-9 _ - ."),
            ("struct A;", "expected `fn`"),
            ("async fn a(#[header] x: String) {}", "expected attribute arguments"),
            ("async fn a(#[header(Region)] x: String) {}", "expected string literal"),
            ("async fn a(#[header(\"\")] x: String) {}", "a header's name is"),
            ("async fn a(#[header(\"two words\")] x: String) {}", "a header's name is"),
            ("async fn a(#[header(\"a\\r\\nb\")] x: String) {}", "a header's name is"),
            ("async fn a(#[header(\"A\")] #[header(\"B\")] x: String) {}", "an argument has one header"),
            ("async fn a(#[header(\"A\")] x: String, #[header(\"a\")] y: u8) {}", "two arguments have this header"),
            ("async fn a(#[header(\"A\")] x: &Context) {}", "the call itself is no argument"),
        ];
        for (function, said) in cases {
            assert!(refusal("", function).contains(said), "{function}: {}", refusal("", function));
        }
    }

    #[test]
    fn attributes_that_say_nothing_are_refused() {
        const KEYS: &str = "expected name, title or description with a string, or read_only";
        const NAME: &str = "a tool name is 1 to 128 characters of A-Z a-z 0-9 _ - .";
        let too_long = format!("name = \"{}\"", "a".repeat(129));
        let cases = [
            ("readonly", KEYS),
            ("scopes = \"x\"", KEYS),
            ("scopes", KEYS),
            ("any_scope = true", KEYS),
            ("scopes()", "name at least one scope"),
            ("scopes(\"\")", "a scope is one or more printable ASCII"),
            ("scopes(\"a b\")", "write several as several strings"),
            ("scopes(\"a\", \"b\\\"c\")", "a scope is one or more"),
            ("any_scope(\"a\\\\b\")", "a scope is one or more"),
            ("any_scope(\"\u{e4}\")", "a scope is one or more"),
            ("scopes(\"a\", \"a\")", "the scope a stands more than once"),
            ("scopes(\"a\", \"offline_access\")", "offline_access is between a client and its issuer"),
            ("scopes(a)", "expected string literal"),
            ("scopes(\"a\"), scopes(\"b\")", "scopes stands more than once"),
            ("complete(\"a\")", "expected ident"),
            ("scopes_for", KEYS),
            ("scopes_for = \"f\"", "expected identifier"),
            ("scopes_for = f", "there is no argument that could decide"),
            ("scopes_for = f()", "there is no argument that could decide"),
            ("scopes_for = f(\"x\")", "expected ident"),
            ("scopes_for = f(x)", "there is no argument 'x'"),
            ("name", KEYS),
            ("name = true", KEYS),
            ("read_only = \"yes\"", KEYS),
            ("name = 1", "expected string literal"),
            ("\"a\"", "expected ident"),
            ("read_only idempotent", "expected `,`"),
            ("read_only, title = \"a\", read_only = false", "read_only stands more than once"),
            ("name = \"\"", NAME),
            ("name = \"a b\"", NAME),
            ("name = \"a/b\"", NAME),
            ("name = \"\u{e4}\"", NAME),
            (&too_long, NAME),
        ];
        for (attribute, said) in cases {
            let refusal = refusal(attribute, "async fn a() {}");
            assert!(refusal.contains(said), "{attribute}: {refusal}");
        }
    }

    #[test]
    fn what_is_a_tool_is_refused_only_for_want_of_the_runtime() {
        // This crate depends on neither of the two, so that a good function comes as far as that.
        let function = "async fn a(ctx: &Context, #[header(\"X-1\")] x: Option<u8>) -> Result<(), String> { Ok(()) }";
        let attribute = "name = \"a.b-c_1\", title = \"A\", read_only, destructive = false,";
        let scopes = ["", "scopes(\"a:b\", \"c\"), any_scope(\"d\",)", "scopes_for = a::b", "scopes_for = a::b(x,)"];
        for scopes in scopes {
            let refusal = refusal(&format!("{attribute} {scopes}"), function);
            assert!(refusal.contains("needs outboard-server or outboard-runtime"), "{scopes}: {refusal}");
        }
    }
}
