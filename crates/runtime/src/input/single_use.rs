//! Tools whose questions are answered once: what must not happen twice upon one confirmation.

use crate::call::Call;
use crate::native::NativeTool;
use crate::outcome::Outcome;
use crate::provider::{BoxFuture, Handler, OfferedTool, SharedHandler};

/// A tool each of whose rounds of answers can be used once, on all replicas together: a second call with the same
/// `requestState` is refused before the tool runs (2026-07-28 *Multi Round-Trip Requests*, server requirements).
///
/// It costs a further round one trip to the store; while that does not answer, such a round is refused, too.
///
/// ```
/// use outboard_runtime::{Catalog, Context, SingleUse, tool};
///
/// /// Pays.
/// #[tool]
/// async fn pay(ctx: &Context, amount: u32) -> &'static str {
///     if ctx.confirm("pay", format!("Pay {amount}?")).await { "paid" } else { "not paid" }
/// }
///
/// let catalog = Catalog::new("bank", "1.0.0").tool(SingleUse(pay));
/// # drop(catalog);
/// ```
#[derive(Clone, Debug)]
pub struct SingleUse<T>(pub T);

impl<T: NativeTool> NativeTool for SingleUse<T> {
    fn offered(self) -> OfferedTool {
        let offered = self.0.offered();
        OfferedTool { handler: Once(offered.handler).into(), ..offered }
    }
}

struct Once(SharedHandler);

impl Handler for Once {
    fn call(&self, call: Call) -> BoxFuture<'static, Outcome> {
        self.0.0.call(call)
    }

    fn is_single_use(&self) -> bool {
        true
    }
}
