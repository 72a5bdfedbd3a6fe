//! The official Rust SDK's client. Usage: `rmcp-client URL PLAN MODE`, with `serve` (the SDK's default) or `auto`.
//!
//! Runs the steps of a plan and prints one line of JSON for each, like the scripts beside it: {step, saw: [texts]} or
//! {step, failed: reason}. Whether what was seen is right is judged by who started it.

mod account;

use std::{
    error::Error,
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use rmcp::{
    ClientHandler, ErrorData, RoleClient, ServiceExt as _,
    model::{
        CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock, ElicitRequestParams,
        ElicitResult, ElicitationAction, ElicitationCapability, GetPromptRequestParams, Implementation,
        ProgressNotificationParam, ProtocolVersion, ReadResourceRequestParams, ResourceContents,
    },
    service::{
        ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _, NotificationContext, RequestContext,
        RunningService, ServiceError,
    },
    transport::{
        StreamableHttpClientTransport, Transport, streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};

use account::Account;

type Outcome<T> = Result<T, Box<dyn Error>>;

type Service = RunningService<RoleClient, Handler>;

/// How long one step may take.
const LIMIT: Duration = Duration::from_secs(15);

/// What the handler and the steps tell each other.
#[derive(Debug, Default)]
struct Shared {
    /// What the next question gets.
    answer: Value,
    /// The progress that was told.
    progress: Vec<String>,
}

/// The side that the server asks and tells.
#[derive(Debug, Clone, Default)]
struct Handler(Arc<Mutex<Shared>>);

impl Handler {
    fn with<T>(&self, work: impl FnOnce(&mut Shared) -> T) -> T {
        work(&mut self.0.lock().expect("nothing panics while it is locked"))
    }
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = Some(ElicitationCapability::default());
        ClientConfig::new(capabilities, Implementation::new("outboard-interop", "0.1.0"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let answer = self.with(|shared| shared.answer.clone());
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(answer))
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let total = told.total.unwrap_or(f64::NAN);
        self.with(|shared| shared.progress.push(format!("{}/{total}", told.progress)));
    }
}

/// A connected client, and what it is to do.
struct Client {
    service: Service,
    handler: Handler,
    account: Option<Account>,
    plan: Value,
}

impl Client {
    async fn connect(url: &str, mode: &str, plan: Value) -> Outcome<Self> {
        let handler = Handler::default();
        let connected = serve(&handler, mode, StreamableHttpClientTransport::from_uri(url)).await;
        let (service, account) = match (connected, &plan["login"]) {
            (connected, Value::Null) => (connected?, None),
            (Ok(_), _) => return Err("nobody was asked to sign in".into()),
            (Err(refused), login) => {
                let Some(challenge) = refused.auth_challenge() else { return Err(refused.into()) };
                let (account, client) = Account::login(url, challenge, login["document"].as_str()).await?;
                let config = StreamableHttpClientTransportConfig::with_uri(url);
                let transport = StreamableHttpClientTransport::with_client(client, config);
                (serve(&handler, mode, transport).await?, Some(account))
            }
        };
        Ok(Self { service, handler, account, plan })
    }

    fn revision(&self) -> Outcome<String> {
        let server = self.service.peer_info().ok_or("nothing is known of the server")?;
        Ok(server.protocol_version.to_string())
    }

    async fn step(&mut self, name: &str) -> Outcome<Vec<String>> {
        let plan = &self.plan[name];
        match name {
            "step-up" => self.step_up().await,
            "list" => Ok(self.service.list_all_tools().await?.into_iter().map(|tool| tool.name.into()).collect()),
            "call" | "reconnect" => self.call(plan).await,
            "progress" => {
                self.handler.with(|shared| shared.progress.clear());
                let texts = self.call(plan).await?;
                Ok(self.handler.with(|shared| shared.progress.clone()).into_iter().chain(texts).collect())
            }
            "question" => {
                let mut saw = Vec::new();
                for question in plan.as_array().ok_or("no list of questions")? {
                    self.handler.with(|shared| shared.answer = question["content"].clone());
                    saw.extend(self.call(question).await?);
                }
                Ok(saw)
            }
            "resources" => self.resources(text(plan)?).await,
            "prompts" => self.prompts(text(plan)?).await,
            _ => Err(format!("no step is called {name}").into()),
        }
    }

    /// Calls what the token is not enough for, and once more when it is.
    async fn step_up(&mut self) -> Outcome<Vec<String>> {
        let plan = &self.plan["step-up"];
        let refused = self.call(plan).await.err().ok_or("the token was enough")?;
        let challenge = refused.downcast_ref().and_then(ServiceError::auth_challenge);
        let (Some(challenge), Some(account)) = (challenge, &mut self.account) else { return Err(refused) };
        account.step_up(challenge).await?;
        let sign_in = account.sign_in()?;
        Ok(self.call(plan).await?.into_iter().chain([sign_in]).collect())
    }

    async fn call(&self, request: &Value) -> Outcome<Vec<String>> {
        let arguments = request["arguments"].as_object().ok_or("no arguments")?.clone();
        let params = CallToolRequestParams::new(text(&request["tool"])?.to_owned()).with_arguments(arguments);
        texts(self.service.call_tool(params).await?)
    }

    async fn resources(&self, uri: &str) -> Outcome<Vec<String>> {
        let mut saw: Vec<_> =
            self.service.list_all_resources().await?.into_iter().map(|resource| resource.uri.clone()).collect();
        for contents in self.service.read_resource(ReadResourceRequestParams::new(uri)).await?.contents {
            if let ResourceContents::TextResourceContents { text, .. } = contents {
                saw.push(text);
            }
        }
        Ok(saw)
    }

    async fn prompts(&self, name: &str) -> Outcome<Vec<String>> {
        let mut saw: Vec<_> = self.service.list_all_prompts().await?.into_iter().map(|prompt| prompt.name).collect();
        let prompt = self.service.get_prompt(GetPromptRequestParams::new(name)).await?;
        saw.extend(prompt.messages.into_iter().filter_map(|message| block(&message.content)));
        Ok(saw)
    }
}

async fn serve<T>(handler: &Handler, mode: &str, transport: T) -> Result<Service, ClientInitializeError>
where
    T: Transport<RoleClient> + Send + 'static,
{
    if mode == "auto" {
        let auto =
            ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None };
        handler.clone().serve_with_lifecycle(transport, auto).await
    } else {
        handler.clone().serve(transport).await
    }
}

fn text(value: &Value) -> Outcome<&str> {
    Ok(value.as_str().ok_or("the plan lacks a text")?)
}

fn block(content: &ContentBlock) -> Option<String> {
    content.as_text().map(|text| text.text.clone())
}

/// The texts of a tool's result; an error that a tool answers with is a failure here.
fn texts(result: CallToolResult) -> Outcome<Vec<String>> {
    let saw = result.content.iter().filter_map(block).collect();
    if result.is_error == Some(true) {
        return Err(format!("the tool answered with an error: {saw:?}").into());
    }
    Ok(saw)
}

/// Runs one step within its time and prints its line.
async fn told<T>(name: &str, work: impl Future<Output = Outcome<T>>, saw: impl FnOnce(&T) -> Vec<String>) -> Option<T> {
    let done = tokio::time::timeout(LIMIT, work).await.unwrap_or_else(|late| Err(late.into()));
    match done {
        Ok(done) => {
            println!("{}", json!({ "step": name, "saw": saw(&done) }));
            Some(done)
        }
        Err(error) => {
            println!("{}", json!({ "step": name, "failed": error.to_string() }));
            None
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [url, plan, mode] = arguments.as_slice() else {
        return Err("usage: rmcp-client URL PLAN MODE".into());
    };
    let plan: Value = serde_json::from_str(plan)?;
    let steps = plan["steps"].as_array().cloned().unwrap_or_default();
    let (entrance, steps) = steps.split_first().ok_or("the plan has no steps")?;
    let connect = async {
        let client = Client::connect(url, mode, plan).await?;
        let mut saw = vec![client.revision()?];
        saw.extend(client.account.as_ref().map(Account::sign_in).transpose()?);
        Ok((client, saw))
    };
    let Some((mut client, _)) = told(text(entrance)?, connect, |(_, saw)| saw.clone()).await else {
        return Ok(());
    };
    for step in steps.iter().filter_map(Value::as_str).filter(|step| *step != "close") {
        told(step, client.step(step), Vec::clone).await;
    }
    told("close", async { Ok(client.service.cancel().await?) }, |_| Vec::new()).await;
    Ok(())
}
