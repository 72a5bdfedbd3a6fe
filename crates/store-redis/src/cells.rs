//! [`Cells`] on Redis: a hash for each, with the version (`v`) and the value (`d`).

use std::time::Duration;

use outboard_store::{BoxFuture, Cell, CellKey, Cells, Put, StoreError, Version};
use redis::Value;

use crate::{
    keys::Names,
    link::{Link, unexpected},
    random,
    script::{CELL_GET_BOTH, CELL_PUT},
    time::millis,
    value::{bytes, list_of, number},
};

/// The adapter. Each operation is one command.
#[derive(Clone, Debug)]
pub(crate) struct RedisCells {
    pub(crate) link: Link,
    pub(crate) names: Names,
    pub(crate) value_bytes_max: usize,
}

impl RedisCells {
    async fn put(
        &self,
        key: CellKey,
        expected: Option<Version>,
        value: &[u8],
        ttl: Duration,
    ) -> Result<Put, StoreError> {
        let bytes_max = self.value_bytes_max;
        if value.len() > bytes_max {
            return Err(StoreError::ValueTooLarge { bytes: value.len(), bytes_max });
        }
        let version = Version::from_u64(random::u64());
        let expected = expected.map(|version| version.as_u64().to_string()).unwrap_or_default();
        let (new, life) = (version.as_u64().to_string(), millis(ttl).to_string());
        let arguments = [expected.as_bytes(), new.as_bytes(), value, life.as_bytes()];
        let (answer, _) = self.link.run(&CELL_PUT, &[self.names.cell(key)], &arguments).await?;
        match number(answer)? {
            0 => Ok(Put::Unchanged),
            1 => Ok(Put::Stored(version)),
            _ => Err(unexpected()),
        }
    }
}

impl Cells for RedisCells {
    fn get(&self, key: CellKey) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        Box::pin(async move {
            let mut command = redis::cmd("HMGET");
            command.arg(self.names.cell(key)).arg("v").arg("d");
            let (answer, _) = self.link.send(&command).await?;
            cell(key, answer)
        })
    }

    fn get_both(&self, first: CellKey, second: CellKey) -> BoxFuture<'_, Result<[Option<Cell>; 2], StoreError>> {
        Box::pin(async move {
            if first.owner != second.owner {
                // They may stand on different nodes of a Cluster.
                return Ok([self.get(first).await?, self.get(second).await?]);
            }
            let keys = [first, second].map(|key| self.names.cell(key));
            let (answer, _) = self.link.run(&CELL_GET_BOTH, &keys, &[]).await?;
            let [one, two] = list_of(answer)?;
            Ok([cell(first, one)?, cell(second, two)?])
        })
    }

    fn put_if_absent<'a>(
        &'a self,
        key: CellKey,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Box::pin(self.put(key, None, value, ttl))
    }

    fn put_if_version<'a>(
        &'a self,
        key: CellKey,
        version: Version,
        value: &'a [u8],
        ttl: Duration,
    ) -> BoxFuture<'a, Result<Put, StoreError>> {
        Box::pin(self.put(key, Some(version), value, ttl))
    }

    fn delete(&self, key: CellKey) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let mut command = redis::cmd("DEL");
            command.arg(self.names.cell(key));
            Ok(number(self.link.send(&command).await?.0)? > 0)
        })
    }

    fn value_bytes_max(&self) -> usize {
        self.value_bytes_max
    }
}

/// The cell that an `HMGET` of version and value found. One that nobody of us put there counts as absent.
fn cell(key: CellKey, answer: Value) -> Result<Option<Cell>, StoreError> {
    let [version, value] = list_of(answer)?;
    let (version, value) = (bytes(version)?, bytes(value)?);
    if version.is_none() && value.is_none() {
        return Ok(None);
    }
    let number = version.as_deref().and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
    let (Some(number), Some(value)) = (number, value) else {
        tracing::warn!(kind = key.kind, "a value in Redis is none of ours: it is taken for absent");
        return Ok(None);
    };
    Ok(Some(Cell { value, version: Version::from_u64(number) }))
}
