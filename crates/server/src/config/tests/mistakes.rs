//! What the operator reads: the whole text of reports.

use super::{plain, report};

/// Compares the report about a file, as plain text, with the expected one.
fn check(file: &str, expected: &str) {
    assert_eq!(plain(&report(file, &[])).trim_end(), expected.trim_matches('\n'), "{file}");
}

#[test]
fn several_mistakes_are_reported_together_in_the_order_of_the_file() {
    check(
        r#"lisen = "127.0.0.1:8080"
path = "mcp"
call = "5s"

[limits]
body = "4MB"
header_count = 2000"#,
        r#"
error[OB003]: unknown key `lisen`
 --> outboard.toml:1:1
  |
1 | lisen = "127.0.0.1:8080"
  | ^^^^^
  |
  = help: did you mean `listen`?

error[OB010]: `path`: a path begins with a slash, expected a path such as "/mcp"
 --> outboard.toml:2:8
  |
2 | path = "mcp"
  |        ^^^^^
  |
  = help: Path of the MCP endpoint. Default: "/mcp".

error[OB003]: unknown key `call`
 --> outboard.toml:3:1
  |
3 | call = "5s"
  | ^^^^
  |
  = help: `call` belongs in `[timeouts]`

error[OB010]: `limits.body`: the unit is not known, expected a size such as "512B", "32KiB", "4MiB" or "1GiB", or a number of bytes
 --> outboard.toml:6:8
  |
6 | body = "4MB"
  |        ^^^^^
  |
  = help: Largest body of a request, and over stdio the longest line, 1KiB to 256MiB. Default: "4MiB".

error[OB011]: `limits.header_count`: 2000 is outside 16 to 1000
 --> outboard.toml:7:16
  |
7 | header_count = 2000
  |                ^^^^
  |
  = help: Most header fields of a request, 16 to 1000. Default: 100.
"#,
    );
}

#[test]
fn what_is_not_toml_is_shown_where_it_ends() {
    check(
        r#"listen = 127.0.0.1:8080
path = "/mcp"#,
        r#"
error[OB002]: invalid float
 --> outboard.toml:1:15
  |
1 | listen = 127.0.0.1:8080
  |               ^^^^^^^^^
  |
  = help: correct it (text stands in quotes: `key = "text"`); other mistakes are shown when this is valid TOML

error[OB002]: invalid basic string, expected `"`
 --> outboard.toml:2:13
  |
2 | path = "/mcp
  |             ^
  |
  = help: correct it (text stands in quotes: `key = "text"`); other mistakes are shown when this is valid TOML
"#,
    );
}

#[test]
fn unsafe_settings_name_the_reason_and_both_fixes() {
    check(
        r#"listen = "0.0.0.0:8080"
public_url = "https://mcp.example.com"
allowed_origins = ["https://app.example.com", "*"]"#,
        r#"
error[OB040]: `listen`: 0.0.0.0:8080 can be reached from other machines
 --> outboard.toml:1:10
  |
1 | listen = "0.0.0.0:8080"
  |          ^^^^^^^^^^^^^^
  |
  = note: without authentication, whoever reaches the server could call every tool
  = help: stay on loopback with `127.0.0.1:8080`; or require tokens with `[auth]`; or, if something in front of it lets in only the right callers, start with `--insecure-no-auth` (`insecure_no_auth = true`)

error[OB041]: `public_url`: the URL is not one of this machine alone
 --> outboard.toml:2:14
  |
2 | public_url = "https://mcp.example.com"
  |              ^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: without authentication, whoever reaches the server could call every tool
  = help: leave `public_url` out; or require tokens with `[auth]`; or, if something in front of it lets in only the right callers, start with `--insecure-no-auth` (`insecure_no_auth = true`)

error[OB042]: `allowed_origins`: `*` would allow every website
 --> outboard.toml:3:47
  |
3 | allowed_origins = ["https://app.example.com", "*"]
  |                                               ^^^
  |
  = note: the pages that a person visits could call the tools in that person's place
  = help: list the exact origins, such as `https://app.example.com`
"#,
    );
}

#[test]
fn warnings_say_what_was_asked_for() {
    check(
        r#"insecure_no_auth = true
listen = "0.0.0.0:8080""#,
        r#"
warning[OB043]: no authentication: whoever reaches 0.0.0.0:8080 can call every tool
 --> outboard.toml:1:20
  |
1 | insecure_no_auth = true
  |                    ^^^^
  |
  = help: remove `insecure_no_auth` unless something in front of the server lets in only the right callers
"#,
    );
}

#[test]
fn mistakes_in_a_backend_name_the_backend() {
    check(
        r#"[backends.files]
args = ["--dir", "${child.dir}"]
cwd = "/does/not/exist"

[backends."my files"]
command = "npx"
prefix = "files""#,
        r#"
error[OB022]: `backends.files.command`: it is missing
 --> outboard.toml:1:11
  |
1 | [backends.files]
  |           ^^^^^
  |
  = help: name the program to start: `command = "npx"`, with `args = ["-y", "some-server"]`

error[OB026]: `backends.files.args`: `${child.dir}` does not exist in this version
 --> outboard.toml:2:18
  |
2 | args = ["--dir", "${child.dir}"]
  |                  ^^^^^^^^^^^^^^
  |
  = help: leave it out: nothing of a caller is replaced in this version

error[OB023]: `backends.files.cwd`: there is no such directory
 --> outboard.toml:3:7
  |
3 | cwd = "/does/not/exist"
  |       ^^^^^^^^^^^^^^^^^
  |
  = help: create `/does/not/exist`, or correct the path

error[OB020]: `backends.my files`: this cannot be a part of a tool's name
 --> outboard.toml:5:11
  |
5 | [backends."my files"]
  |           ^^^^^^^^^^
  |
  = help: use 1 to 32 letters, digits, `_`, `.` and `-`: it becomes a part of the tools' names

error[OB021]: `backends.my files.prefix`: `backends.files` has the prefix `files` too
 --> outboard.toml:7:10
  |
7 | prefix = "files"
  |          ^^^^^^^
  |
  = help: give each backend its own prefix, or leave `prefix` out to have its name
"#,
    );
}

#[test]
fn values_of_variables_are_never_shown() {
    check(
        r#"[backends.files]
command = "npx"
env = { TOKEN = "s3cret", DSN = "pg://ä:${PASSWORD}@db", PORT = 5432 }
enw = { TOKEN = "s3cret" }"#,
        r#"
error[OB025]: `backends.files.env.DSN`: the variable `PASSWORD` is not set
 --> outboard.toml:3:33
  |
3 | env = { TOKEN = ********, DSN = ******·****************, PORT = **** }
  |                                 ^^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: set it where outboard is started, or write the value here

error[OB010]: `backends.files.env.PORT`: expected a string in quotes
 --> outboard.toml:3:65
  |
3 | env = { TOKEN = ********, DSN = ******·****************, PORT = **** }
  |                                                                 ^^^^
  |
  = help: Variables that are set for the program. `${NAME}` in a value is replaced by outboard's own variable of that name; `$${` stands for `${`.

error[OB003]: unknown key `backends.files.enw`
 --> outboard.toml:4:1
  |
4 | enw = { TOKEN = ******** }
  | ^^^
  |
  = help: did you mean `env`?
"#,
    );
}
