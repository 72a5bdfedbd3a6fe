//! What `initialize` says and is told, whatever it travels over (2025-11-25 *Lifecycle*).

use outboard_protocol::encode::{ServerIdentity, ServerResult};
use outboard_protocol::params::{ParamsError, members, object, text};
use outboard_protocol::types::{ClientCapabilities, InitializeResult};
use outboard_protocol::{RawJson, Revision};
use outboard_runtime::Description;

/// What a session is opened by. The rest of what a client says about itself is for display, and not looked at.
#[derive(Debug)]
pub(crate) struct Opening {
    protocol_version: String,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) client_name: String,
    pub(crate) client_version: String,
}

impl Opening {
    /// Reads the params of `initialize`.
    pub(crate) fn read(params: Option<&RawJson>) -> Result<Self, ParamsError> {
        let params = members(params)?;
        let protocol_version = text(params.required("protocolVersion", "protocolVersion")?, "protocolVersion")?;
        let expected = "an object of objects";
        let capabilities = ClientCapabilities::from_json(params.required("capabilities", "capabilities")?.get())
            .ok_or(ParamsError::WrongType { name: "capabilities", expected })?;
        let client = object(params.required("clientInfo", "clientInfo")?, "clientInfo")?;
        let name = text(client.required("name", "clientInfo.name")?, "clientInfo.name")?;
        let version = text(client.required("version", "clientInfo.version")?, "clientInfo.version")?;
        Ok(Self {
            protocol_version: protocol_version.into_owned(),
            capabilities,
            client_name: name.into_owned(),
            client_version: version.into_owned(),
        })
    }

    /// What is spoken in the session.
    pub(crate) fn revision(&self) -> &'static Revision {
        Revision::negotiate(&self.protocol_version)
    }
}

/// What the server is, in legacy words.
pub(crate) fn describe(
    description: &Description,
    revision: &'static Revision,
    server: &ServerIdentity,
) -> ServerResult {
    ServerResult::Initialize(Box::new(InitializeResult {
        protocol_version: revision.name.to_owned(),
        capabilities: description.capabilities.clone(),
        server_info: server.info().clone(),
        instructions: description.instructions.clone(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(params: &str) -> String {
        Opening::read(Some(&RawJson::parse(params.to_owned().into()).unwrap())).unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_or_stands_twice_is_named() {
        const WHOLE: &str =
            r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}"#;
        let cases = [
            (r#""protocolVersion":"#, r#""protocolVersion":"2025-06-18","protocolVersion":"#, "more than once"),
            (r#""capabilities":"#, r#""capabilities":{},"capabilities":"#, "more than once"),
            (r#""clientInfo":"#, r#""clientInfo":{},"clientInfo":"#, "more than once"),
            (r#""name":"#, r#""name":"d","name":"#, "clientInfo.name more than once"),
            (r#""protocolVersion":"#, r#""version":"#, "lacks the required member protocolVersion"),
            (r#""2025-11-25""#, "7", "protocolVersion has the wrong type"),
            ("{}", "[]", "capabilities has the wrong type"),
            (r#"{"name":"c","version":"1"}"#, r#"["c","1"]"#, "clientInfo has the wrong type"),
            (r#""version":"1""#, r#""version":null"#, "clientInfo.version has the wrong type"),
        ];
        for (from, to, said) in cases {
            let refusal = refusal(&WHOLE.replacen(from, to, 1));
            assert!(refusal.contains(said), "{to}: {refusal}");
        }
        assert!(Opening::read(Some(&RawJson::parse(WHOLE.into()).unwrap())).is_ok());
        assert!(Opening::read(None).is_err());
    }
}
