//! What a backend is answered when it asks for roots.

use url::Url;

use super::super::check::KeyPath;
use super::super::setting::Setting;
use super::Builder;
use crate::diagnostics::Code;

impl Builder<'_, '_> {
    /// The roots as the specification has them: `file://` URIs.
    pub(super) fn roots(&mut self, roots: &[Setting<String>], path: KeyPath<'_>) -> Vec<Url> {
        roots.iter().filter_map(|root| self.root(root, path)).collect()
    }

    fn root(&mut self, root: &Setting<String>, path: KeyPath<'_>) -> Option<Url> {
        if root.value.starts_with("file:") || root.value.contains("://") {
            let url = file_uri(&root.value);
            if let Err(problem) = url {
                let fix = "write a directory, or a URI such as `file:///srv/files`";
                self.check.refuse(Code::BadValue, &root.place, path, problem, Some(fix));
            }
            return url.ok();
        }
        let directory = self.path(root, path)?;
        // Without links and `..`, so that a child that compares paths with the root finds what is below it.
        let url = directory.canonicalize().ok().filter(|path| path.is_dir());
        let url = url.and_then(|path| Url::from_file_path(path).ok());
        if url.is_none() {
            let fix = format!("create `{}`, or correct the path", directory.display());
            self.check.refuse(Code::NoRootDirectory, &root.place, path, "there is no such directory", Some(&fix));
        }
        url
    }
}

/// RFC 8089: no other host than this one.
fn file_uri(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "it is not a URI")?;
    if url.scheme() != "file" {
        Err("only `file://` URIs can be roots")
    } else if !text.starts_with("file:///") || url.host().is_some() {
        Err("it must begin with `file:///`: a root is on this machine")
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("a root has no query and no fragment")
    } else {
        Ok(url)
    }
}
