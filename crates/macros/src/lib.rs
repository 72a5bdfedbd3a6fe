//! The attribute macros of `outboard-runtime`, which re-exports them; not to be depended on directly.

mod attributes;
mod signature;
mod tool;

use proc_macro::TokenStream;

/// Makes a tool of an async function.
///
/// The function's parameters are the tool's arguments, its documentation the tool's description; a parameter of type
/// `Context` or `&Context` is the call itself and no argument. The name goes into a catalog; the function itself stays
/// callable as `name::run(…)`.
///
/// ```text
/// /// Looks a word up.
/// #[tool(title = "Dictionary", read_only, open_world = false)]
/// async fn define(
///     ctx: &Context,
///     /// The word, in lower case.
///     word: String,
///     /// A language tag; English if it is absent.
///     language: Option<String>,
/// ) -> Result<String, LookupError> {
///     look_up(ctx.principal(), &word, language.as_deref()).await
/// }
///
/// let catalog = Catalog::new("dictionary", "1.0.0").tool(define);
/// ```
///
/// Arguments are checked against their JSON Schema before the function runs. What it returns is anything that is
/// `IntoToolResult`; the `Err` of a `Result` becomes a tool execution error, whose text the model sees.
///
/// `#[header("Region")]` at a parameter makes clients repeat the argument in the HTTP header `Mcp-Param-Region`, for who
/// routes by headers (specification: *x-mcp-header*). The parameter is a string, an integer or a boolean, or an `Option` of
/// one, which may then be absent but not `null`. Headers are seen by all that a request passes: nothing secret belongs there.
///
/// In the attribute: `name = "…"`, `title = "…"`, `description = "…"`, and the hints `read_only`, `destructive`,
/// `idempotent`, `open_world`, each alone or with `= true` or `= false`.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
