//! What a legacy client can be asked, and the words of it that its revision has, whatever they travel over.

use std::sync::{Arc, Mutex, PoisonError};

use outboard_protocol::revision::Elicitation;
use outboard_protocol::types::{Capability, ClientCapabilities, ElicitParams, InputRequest};
use outboard_protocol::{Method, RawJson, Revision, encode};
use serde::{Deserialize, Serialize};

/// What a client can be asked in its revision: a capability that the revision does not know is none. Without events there
/// is nowhere to ask.
pub(super) fn askable(declared: ClientCapabilities, revision: &Revision, takes_events: bool) -> ClientCapabilities {
    if !takes_events {
        return ClientCapabilities::NONE;
    }
    let (form, url) = (Capability::ElicitationForm as u32, Capability::ElicitationUrl as u32);
    let unknown = match revision.elicitation {
        Elicitation::Unknown => form | url,
        Elicitation::Form => url,
        Elicitation::FormAndUrlWithId | Elicitation::FormAndUrl => 0,
    };
    ClientCapabilities::from_bits(declared.bits() & !unknown)
}

/// Gives the elicitation of a URL the id that the revision wants. Returns whether it has one then.
pub(super) fn name_url(request: &mut InputRequest, elicitation: Elicitation, id: &str) -> bool {
    let InputRequest::Elicit(ElicitParams::Url { elicitation_id, .. }) = request else { return false };
    *elicitation_id = (elicitation == Elicitation::FormAndUrlWithId).then(|| id.to_owned());
    elicitation_id.is_some()
}

pub(super) fn is_accepted(answer: &RawJson) -> bool {
    #[derive(Deserialize)]
    struct Action {
        action: Box<str>,
    }
    answer.read::<Action>().is_ok_and(|answer| &*answer.action == "accept")
}

/// The pages that the user agreed to visit for one call. The call's result says that what they were visited for is done,
/// which the client is told (2025-11-25 *Elicitation*, completion notifications).
#[derive(Clone, Debug, Default)]
pub(super) struct AcceptedUrls(Arc<Mutex<Vec<Box<str>>>>);

impl AcceptedUrls {
    pub(super) fn add(&self, id: Box<str>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }

    /// The notifications of their completion.
    pub(super) fn completions(&self) -> impl Iterator<Item = Vec<u8>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Params {
            elicitation_id: Box<str>,
        }
        let ids = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        ids.into_iter().map(|elicitation_id| {
            encode::notification(Method::ElicitationComplete.as_str(), &Params { elicitation_id })
        })
    }
}

#[cfg(test)]
mod tests {
    use outboard_protocol::revision::{V2025_03_26, V2025_06_18, V2025_11_25};

    use super::*;

    #[test]
    fn a_client_is_asked_what_its_revision_knows() {
        let all = ClientCapabilities::from_json(r#"{"sampling":{},"roots":{},"elicitation":{"form":{},"url":{}}}"#);
        let all = all.unwrap();
        let cases = [(&V2025_03_26, [false, false]), (&V2025_06_18, [true, false]), (&V2025_11_25, [true, true])];
        for (revision, [form, url]) in cases {
            let askable = askable(all, revision, true);
            assert_eq!(askable.has(Capability::ElicitationForm), form, "{}", revision.name);
            assert_eq!(askable.has(Capability::ElicitationUrl), url, "{}", revision.name);
            assert!(askable.has(Capability::Sampling) && askable.has(Capability::Roots));
        }
        assert_eq!(askable(all, &V2025_11_25, false), ClientCapabilities::NONE);
    }
}
