//! The attribute macros of `outboard-runtime`, which re-exports them; not to be depended on directly.

mod attributes;
mod item;
mod prompt;
mod resource;
mod scopes;
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
/// `idempotent`, `open_world`, each alone or with `= true` or `= false`; and so `single_use`: each round of answers to what
/// the tool asks can be used once, on all replicas together, for what must not happen twice upon one confirmation. A second
/// call with the same `requestState` is refused before the function runs.
///
/// Who may call is said there, too. `scopes("a", "b")`: a caller that was granted both. `any_scope("a", "b")`: one that was
/// granted at least one; who has neither is asked for the first, which should be the one that grants least.
/// `scopes_for = function(argument, …)`: what a function makes of some arguments, which it takes by reference, or of all of
/// them in their order where it stands without parentheses; it returns a `Scope`, a `ScopeSet`, a `Requirement` (those of
/// `outboard-identity`), or a `Result` of one with the error of a scope that could not be read, which refuses the arguments.
/// All three apply together.
///
/// ```text
/// /// Moves a file.
/// #[tool(scopes("files:write"), scopes_for = tenant_scope(tenant))]
/// async fn move_file(tenant: String, from: String, to: String) -> Result<(), MoveError> {
///     …
/// }
///
/// fn tenant_scope(tenant: &str) -> Result<Scope, ScopeError> {
///     format!("tenant:{tenant}").parse()
/// }
/// ```
///
/// The function decides before the tool runs, and for callers that will be refused: it has no effects, and does not wait.
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, item: TokenStream) -> TokenStream {
    tool::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a prompt of an async function.
///
/// The function's parameters are the prompt's arguments, their comments the descriptions, its own comment that of the
/// prompt. An argument is required unless its type is an `Option`. Callers send texts: any type with `FromStr` will do, and a
/// text that is no value of it is refused (-32602). A parameter of type `Context` or `&Context` is the call itself.
///
/// ```text
/// /// Asks for a review of some code.
/// #[prompt(title = "Code review", complete(language = languages))]
/// async fn review(
///     /// What to review.
///     code: String,
///     /// The language it is written in.
///     language: Option<String>,
/// ) -> String {
///     format!("Please review this {} code:\n{code}", language.unwrap_or_default())
/// }
///
/// fn languages(begun: &str) -> Vec<String> {
///     ["python", "rust"].into_iter().filter(|name| name.starts_with(begun)).map(str::to_owned).collect()
/// }
///
/// let catalog = Catalog::new("reviews", "1.0.0").prompt(review);
/// ```
///
/// What it returns is anything that is `IntoPromptResult`: a text, which the person says, messages, or a `Result`, whose
/// `Err` becomes an internal error with its text. A function in `complete(…)` is any `NativeCompleter`.
///
/// In the attribute: `name = "…"`, `title = "…"`, `description = "…"`, `complete(argument = function, …)`, and
/// `scopes("…", …)` and `any_scope("…", …)` as `#[tool]` has them; they hold for suggestions, too.
#[proc_macro_attribute]
pub fn prompt(attribute: TokenStream, item: TokenStream) -> TokenStream {
    prompt::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a resource, or a template of resources, of an async function that reads it.
///
/// With `uri = "…"` it is one resource, and the function takes nothing but the `Context`, if that. With `template = "…"`
/// (RFC 6570) the function's parameters are the template's variables, all of them: `Option` for one that the URI may leave
/// out, `Vec<String>` for a list (`{var*}`), any type with `FromStr` else; where the text in a URI is no value of the type,
/// there is no such resource. A URI is refused in which a value could lead out of where it is put, as `..` does;
/// `any_value` in the attribute lets all through.
///
/// ```text
/// /// The notes of one day.
/// #[resource(template = "notes://{year}/{day}", mime_type = "text/plain")]
/// async fn notes(year: u16, day: u16) -> Option<String> {
///     NOTES.get(&(year, day)).cloned()
/// }
///
/// let catalog = Catalog::new("notes", "1.0.0").resource(notes);
/// ```
///
/// What it returns is anything that is `IntoResourceResult`: a text, bytes, contents, an `Option`, whose `None` says that
/// there is no such resource, or a `Result`, whose `Err` becomes an internal error with its text. Clients keep nothing of it
/// unless it is `Cached`.
///
/// In the attribute: `uri = "…"` or `template = "…"`, `name = "…"`, `title = "…"`, `description = "…"`, `mime_type = "…"`,
/// `complete(variable = function, …)`, and `scopes("…", …)` and `any_scope("…", …)` as `#[tool]` has them; they hold for
/// suggestions and for who wants to hear of changes, too.
#[proc_macro_attribute]
pub fn resource(attribute: TokenStream, item: TokenStream) -> TokenStream {
    resource::expand(attribute.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
