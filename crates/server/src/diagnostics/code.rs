//! The table of all codes: one line per kind of mistake. A code is never reused and never changes its meaning.

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// The server does not start.
    Error,
    /// It starts, and says so each time.
    Warning,
}

macro_rules! codes {
    ($($severity:ident $name:ident $id:literal $meaning:literal)*) => {
        /// Which kind of mistake it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Code {
            $(#[doc = concat!("`", $id, "`: ", $meaning)] $name,)*
        }

        impl Code {
            /// All codes, in order.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The code as it is printed and searched for.
            #[must_use]
            pub(crate) fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What the code stands for, in one sentence.
            #[must_use]
            pub(crate) fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }

            /// Whether it keeps the server from starting.
            #[must_use]
            pub(crate) fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    // The file as a file.
    Error   FileUnreadable       "OB001" "The configuration file cannot be read."
    Error   Syntax               "OB002" "The configuration file is not valid TOML."
    Error   UnknownKey           "OB003" "A key is not one of the settings."
    // Single values.
    Error   BadValue             "OB010" "A value has the wrong type or form for its setting."
    Error   OutOfRange           "OB011" "A value is outside the range in which its setting works."
    Error   NoStateDirectory     "OB012" "No directory for the server's own state is configured or can be derived."
    Error   UselessFlag          "OB013" "A flag has no meaning with what else was asked for."
    // Backends.
    Error   BadName              "OB020" "A name or prefix of a backend cannot become part of a tool name."
    Error   DuplicatePrefix      "OB021" "Two backends have one prefix, so that equal tool names would hide each other."
    Error   NoCommand            "OB022" "A backend has no command to start."
    Error   NoWorkingDirectory   "OB023" "The working directory of a backend does not exist."
    Error   BadVariableName      "OB024" "A name cannot be the name of an environment variable."
    Error   VariableNotSet       "OB025" "The value of a backend's variable refers to a variable that is not set to text."
    Error   BadPlaceholder       "OB026" "A `${…}` is not one that this version replaces at this place."
    Error   BadCommandLine       "OB027" "A command line cannot be split into words."
    Warning PassedVariableNotSet "OB028" "A variable that should be passed on to a backend is not set."
    Error   NoRootDirectory      "OB029" "A root of a backend is not a directory."
    Error   IsolationNotYet      "OB030" "An isolation does not exist in this version."
    Error   UnknownBackend       "OB031" "A name is not that of a backend."
    Error   DuplicateName        "OB032" "A name stands for two backends, or twice in a list that gives each its place."
    Error   ImportUnreadable     "OB033" "A file of servers to import cannot be read."
    Error   BadImport            "OB034" "A file of servers to import is not JSON in the form of MCP clients."
    Warning ImportedLeftOut      "OB035" "Something in an imported file is left out, because this version cannot serve it."
    // What would be unsafe.
    Error   ListenNotLoopback    "OB040" "The server would be reachable from other machines without authentication."
    Error   PublicUrlNotLoopback "OB041" "The server would be published under a public URL without authentication."
    Error   WildcardOrigin       "OB042" "Every website would be allowed to call the server from its visitors' browsers."
    Warning NoAuthentication     "OB043" "The server runs without authentication because that was asked for."
    Error   NoPublicUrl          "OB044" "Others can reach the server, and nothing says by which name, for which tokens are made."
    Error   UrlNotHttps          "OB045" "Tokens would travel over a network in the clear."
    Error   IssuerNotHttps       "OB046" "What an issuer says could be changed on its way."
    Error   NobodyAccepted       "OB047" "Tokens are required, and there are none that would be accepted."
    Error   AuthContradiction    "OB048" "Authentication is asked for and switched off at the same time."
    Error   IsolationNotChosen   "OB049" "A backend would be shared by callers who are kept apart otherwise, and nobody has said that it may be."
    Error   DevIssuerReachable   "OB050" "The development issuer, which asks for no passwords, could be reached by others."
    // Authentication.
    Error   NoIssuerName         "OB060" "An issuer has no name to compare tokens with."
    Error   DuplicateIssuer      "OB061" "An issuer is configured twice."
    Error   UnknownPreset        "OB062" "A preset is not one that there is."
    Error   IssuerContradiction  "OB063" "Settings of an issuer exclude each other, or one needs another."
    Error   SecretUnreadable     "OB064" "A secret is not where the configuration says, or stands in the file itself."
    Error   BadApiKey            "OB065" "An API key has no name or no digest, or shares its digest with another."
    Error   BadScope             "OB066" "A text is not a scope."
    Error   BadRule              "OB067" "A rule does not say what it requires and of what, or cannot hold."
    Error   BadClaim             "OB068" "A text cannot name a claim."
    Error   UnknownUser          "OB069" "A name is not that of a user of the development issuer."
    Warning AuthNotUsed          "OB070" "Authentication is configured, and the caller over stdio is not asked for a token."
    // Replicas.
    Error   RedisContradiction   "OB071" "Settings of Redis exclude each other, or one needs another."
    Error   StoreNotShared       "OB072" "Several replicas would keep what they have to share each for itself."
    Error   KeysNotShared        "OB073" "Several replicas would seal with keys that the others do not have."
    Error   BadKeys              "OB074" "The keys of sessions cannot be used: they are not there, not random, or open to others."
    Error   DevIssuerNotShared   "OB075" "Several replicas would each run a development issuer of their own."
    Error   TlsFileUnreadable    "OB076" "A file of certificates, or of the key of one, cannot be read or is not PEM."
    // The report itself.
    Error   TooMany              "OB099" "There are more mistakes than are shown."
}
