//! [`Counters`] on Redis: for each the microsecond at which it will be as if nothing was ever taken.

use std::time::Duration;

use outboard_store::{BoxFuture, CounterKey, Counters, Rate, StoreError, Taken};

use crate::{
    keys::Names,
    link::{Link, unexpected},
    script::COUNTER_TAKE,
    value::{list_of, number},
};

/// The adapter. Each operation is one command; the time is that of the server.
#[derive(Clone, Debug)]
pub(crate) struct RedisCounters {
    pub(crate) link: Link,
    pub(crate) names: Names,
}

/// What to do where there is less than is wanted.
#[derive(Clone, Copy)]
enum Short {
    TakeNothing,
    TakeTheRest,
}

impl RedisCounters {
    /// Returns how much was taken, and what then remains of the burst in microseconds.
    async fn run(&self, key: CounterKey, rate: Rate, wanted: u32, short: Short) -> Result<(u32, u64), StoreError> {
        let interval = micros(rate).to_string();
        let (burst, wanted) = (rate.burst().to_string(), wanted.to_string());
        let short = match short {
            Short::TakeNothing => "0",
            Short::TakeTheRest => "1",
        };
        let arguments = [interval.as_bytes(), burst.as_bytes(), wanted.as_bytes(), short.as_bytes()];
        let (answer, _) = self.link.run(&COUNTER_TAKE, &[self.names.counter(key)], &arguments).await?;
        let [taken, left] = list_of(answer)?;
        Ok((u32::try_from(number(taken)?).map_err(|_| unexpected())?, number(left)?))
    }
}

impl Counters for RedisCounters {
    fn take(&self, key: CounterKey, rate: Rate, cost: u32) -> BoxFuture<'_, Result<Taken, StoreError>> {
        Box::pin(async move {
            let (taken, left) = self.run(key, rate, cost, Short::TakeNothing).await?;
            let missing = match cost {
                _ if cost == taken => Duration::ZERO,
                _ if cost > rate.burst().get() => Duration::MAX,
                _ => Duration::from_micros((u64::from(cost) * micros(rate)).saturating_sub(left).max(1)),
            };
            let remaining = u32::try_from(left / micros(rate)).unwrap_or(u32::MAX);
            Ok(Taken { allowed: cost == taken, retry_after: missing, remaining })
        })
    }

    fn lease(&self, key: CounterKey, rate: Rate, wanted: u32) -> BoxFuture<'_, Result<u32, StoreError>> {
        Box::pin(async move { Ok(self.run(key, rate, wanted, Short::TakeTheRest).await?.0) })
    }
}

/// The microseconds after which one more may be taken; a rate has them whole.
fn micros(rate: Rate) -> u64 {
    u64::try_from(rate.interval().as_micros()).unwrap_or(u64::MAX).max(1)
}
