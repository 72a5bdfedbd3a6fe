//! Asks an issuer about one token, and brings back what it says as it says it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use outboard_fetch::{FetchError, Fetcher, Reach, Request, Target, TargetError};
use thiserror::Error;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::{
    config::{AuthLimits, ClientCredentials, IntrospectionForm, IntrospectionRules},
    keys::document::{bounds, host_of},
};

/// Why an issuer says nothing about a token. Its text names hosts: it is for the log, never for a caller.
#[derive(Debug, Error)]
pub(crate) enum AskFault {
    /// The config: the endpoint may not be asked.
    #[error("the endpoint may not be asked: {0}")]
    Target(#[from] TargetError),
    /// The config: the client id or its secret cannot be sent.
    #[error("the client id or its secret cannot stand in a header")]
    Credentials,
    /// The issuer, or the way to it: there is no answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The issuer: what it answers is about us or about itself. 401 says that our secret is wrong.
    #[error("{host} answered {status}")]
    Status {
        /// Host and port.
        host: Box<str>,
        /// What was answered.
        status: StatusCode,
    },
    /// The issuer: it answers with something else than JSON, as what stands in front of it does when it is down.
    #[error("{host} answered with something that is not JSON")]
    NotJson {
        /// Host and port.
        host: Box<str>,
    },
    /// We: as many questions are open as may be, and none has ended in time.
    #[error("too many questions are open")]
    Busy,
}

/// What an issuer said.
pub(super) enum Said {
    /// This, of which nothing has been read.
    Document(Bytes),
    /// By its status, that the token is not good.
    NotGood,
}

/// Asks. The token goes in the body, for what stands in a URL is logged.
///
/// # Cancel safety
///
/// Cancel safe: the connection is closed.
pub(super) async fn ask(
    fetcher: &Fetcher,
    rules: &IntrospectionRules,
    reach: Reach,
    limits: &AuthLimits,
    token: &str,
) -> Result<Said, AskFault> {
    let target = Target::parse(rules.endpoint.as_str(), reach)?;
    let mut request = Request::post(target, form(rules.form, token));
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers.insert(CONTENT_TYPE, form_type);
    request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(credentials) = &rules.credentials {
        request.headers.insert(AUTHORIZATION, basic(credentials)?);
    }
    request.limits = Some(bounds(limits));
    let response = fetcher.send(request).await?;
    match (rules.form, response.status()) {
        (_, StatusCode::OK) => Ok(Said::Document(response.bytes().await?)),
        (IntrospectionForm::TokenInfo, StatusCode::BAD_REQUEST) => Ok(Said::NotGood),
        (_, status) => Err(AskFault::Status { host: host_of(&rules.endpoint), status }),
    }
}

/// RFC 7662 §2.1, or what Google has in its place.
fn form(form: IntrospectionForm, token: &str) -> String {
    let mut fields = Serializer::new(String::new());
    match form {
        IntrospectionForm::Introspection => {
            fields.append_pair("token", token).append_pair("token_type_hint", "access_token").finish()
        }
        IntrospectionForm::TokenInfo => fields.append_pair("access_token", token).finish(),
    }
}

/// RFC 6749 §2.3.1: id and secret are encoded as in a form first.
pub(crate) fn basic(credentials: &ClientCredentials) -> Result<HeaderValue, AskFault> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(&credentials.client_id), encoded(&credentials.client_secret));
    let mut value =
        HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair))).map_err(|_| AskFault::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_secret_are_encoded_before_they_are_joined() {
        let credentials = ClientCredentials { client_id: "a:b".to_owned(), client_secret: "p w%".to_owned().into() };
        let value = basic(&credentials).unwrap();
        assert_eq!(value.to_str().unwrap(), format!("Basic {}", BASE64_STANDARD.encode("a%3Ab:p+w%25")));
        assert!(value.is_sensitive());
    }

    #[test]
    fn a_token_cannot_add_fields_to_the_form() {
        assert_eq!(
            form(IntrospectionForm::Introspection, "a&client_id=b+ c"),
            "token=a%26client_id%3Db%2B+c&token_type_hint=access_token"
        );
        assert_eq!(form(IntrospectionForm::TokenInfo, "a&b"), "access_token=a%26b");
    }
}
