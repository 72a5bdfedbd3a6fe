//! Notifications of a server.

use serde::Serialize;

use super::{ServerIdentity, notification, open_object};
use crate::jsonrpc::RequestId;
use crate::method::Method;
use crate::types::{Implementation, LogMessage, Progress, ProgressToken, SubscriptionFilter};

/// Writes `notifications/progress`.
#[must_use]
pub fn progress(token: &ProgressToken, progress: &Progress) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        progress_token: &'a ProgressToken,
        #[serde(flatten)]
        progress: &'a Progress,
    }
    notification(Method::Progress.as_str(), &Params { progress_token: token, progress })
}

/// Writes `notifications/message`.
#[must_use]
pub fn log_message(message: &LogMessage) -> Vec<u8> {
    notification(Method::LogMessage.as_str(), message)
}

/// Writes `notifications/cancelled` for a request of ours, or for a listen request that ends.
#[must_use]
pub fn cancelled(request_id: &RequestId, reason: Option<&str>) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        request_id: &'a RequestId,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    }
    notification(Method::Cancelled.as_str(), &Params { request_id, reason })
}

/// Writes the notification that something has changed: a list, or the resource `uri`. `subscription` is the listen request
/// that it answers; legacy has none.
#[must_use]
pub fn change(method: &Method, uri: Option<&str>, subscription: Option<&RequestId>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Params<'a> {
        #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
        meta: Option<SubscriptionMeta<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        uri: Option<&'a str>,
    }
    notification(method.as_str(), &Params { meta: subscription.map(SubscriptionMeta::of), uri })
}

/// Writes `notifications/subscriptions/acknowledged`: what the listen request will be told of.
#[must_use]
pub fn acknowledged(subscription: &RequestId, filter: &SubscriptionFilter) -> Vec<u8> {
    #[derive(Serialize)]
    struct Params<'a> {
        #[serde(rename = "_meta")]
        meta: SubscriptionMeta<'a>,
        notifications: &'a SubscriptionFilter,
    }
    let params = Params { meta: SubscriptionMeta::of(subscription), notifications: filter };
    notification(Method::ListenAcknowledged.as_str(), &params)
}

/// Writes the result with which a listen request ends in order.
#[must_use]
pub fn listen_result(server: &ServerIdentity, subscription: &RequestId) -> Vec<u8> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Result<'a> {
        result_type: &'static str,
        #[serde(rename = "_meta")]
        meta: Meta<'a>,
    }
    #[derive(Serialize)]
    struct Meta<'a> {
        #[serde(rename = "io.modelcontextprotocol/serverInfo")]
        server: &'a Implementation,
        #[serde(flatten)]
        subscription: SubscriptionMeta<'a>,
    }
    #[derive(Serialize)]
    struct Response<'a> {
        jsonrpc: &'static str,
        id: &'a RequestId,
        result: Result<'a>,
    }
    let meta = Meta { server: server.info(), subscription: SubscriptionMeta::of(subscription) };
    let mut out = Vec::with_capacity(256);
    let result = Result { result_type: "complete", meta };
    open_object(&mut out, &Response { jsonrpc: "2.0", id: subscription, result });
    out.push(b'}');
    out
}

#[derive(Serialize)]
struct SubscriptionMeta<'a> {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: &'a RequestId,
}

impl<'a> SubscriptionMeta<'a> {
    const fn of(subscription: &'a RequestId) -> Self {
        Self { subscription }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::{SERVER_INFO, SUBSCRIPTION_ID};

    #[test]
    fn every_message_of_a_listen_request_names_it() {
        let id = RequestId::String("a".into());
        let server = ServerIdentity::new(Implementation::new("s", "1"));
        let filter = SubscriptionFilter { tools_list_changed: true, ..SubscriptionFilter::default() };
        let messages = [
            acknowledged(&id, &filter),
            change(&Method::ToolsListChanged, None, Some(&id)),
            change(&Method::ResourcesUpdated, Some("file:///a"), Some(&id)),
            listen_result(&server, &id),
        ];
        for message in messages {
            let message: serde_json::Value = serde_json::from_slice(&message).unwrap();
            let meta = message.pointer("/params/_meta").or_else(|| message.pointer("/result/_meta")).unwrap();
            assert_eq!(meta[SUBSCRIPTION_ID], "a", "{message}");
            let named = message.get("result").map(|result| &result["_meta"][SERVER_INFO]["name"]);
            assert!(named.is_none_or(|name| name == "s"), "{message}");
        }
    }

    #[test]
    fn legacy_changes_have_no_meta() {
        let message = change(&Method::ToolsListChanged, None, None);
        assert_eq!(message, br#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{}}"#);
    }
}
