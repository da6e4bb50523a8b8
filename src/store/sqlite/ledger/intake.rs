//! A transfer of registrations on its way into the ledger: one transaction, with the write lock
//! from the beginning on.

use super::lookups::Lookups;
use super::writes::Writes;
use super::{afvisning, known};
use crate::crash::{self, Point};
use crate::domain::debitor::ledger::{Nr, judge};
use crate::domain::debitor::regler::Regel;
use crate::domain::debitor::{Afvisning, Afvisningsaarsag, Debitorregistrering, Overfoersel};
use crate::domain::text::Tekst;
use crate::store::sqlite::error::Trouble;
use crate::store::sqlite::lock;
use crate::store::sqlite::open::USUAL_CACHE;
use crate::store::sqlite::rows::{Id, Key, Time};
use crate::store::sqlite::transfers::{New, add, advance};
use crate::store::{
    Bogfoering, Bogfoert, Known, KvitteringOrder, Moment, Received, Step, StoreError,
};
use crate::transfer::state::{Direction, Event, State};
use rusqlite::{Connection, OptionalExtension, Statement, Transaction, params};
use sha2::{Digest, Sha256};

/// See [`Bogfoering`].
pub(super) struct Intake<'a> {
    head: Overfoersel,
    fagsystem: Nr,
    lookups: Lookups<'a>,
    writes: Writes<'a>,
    first: Statement<'a>,
    answer: Statement<'a>,
    /// The number of the last answer before this transfer's.
    foer: Nr,
    antal: u32,
    afvist: u32,
    json: Vec<u8>,
    // After the statements: dropping it rolls back.
    transaction: Transaction<'a>,
    _cache: Cache<'a>,
    place: &'a str,
}

/// A larger page cache for as long as a transfer is entered: ids are drawn at random, so that each
/// registration touches pages all over the indexes.
struct Cache<'a>(&'a Connection);

impl<'a> Cache<'a> {
    /// KiB; what is left of it is given back to the system afterwards.
    const LARGE: i32 = -65_536;

    fn enlarge(connection: &'a Connection) -> rusqlite::Result<Self> {
        connection.pragma_update(None, "cache_size", Self::LARGE)?;
        Ok(Self(connection))
    }
}

impl Drop for Cache<'_> {
    fn drop(&mut self) {
        // It is only larger than it need be if that fails.
        drop(self.0.pragma_update(None, "cache_size", USUAL_CACHE));
        drop(self.0.release_memory());
    }
}

/// What was answered under an id the first time.
struct First {
    nr: Nr,
    fingeraftryk: i64,
    afvisning: Option<Afvisning>,
}

impl<'a> Intake<'a> {
    pub(super) fn receive(
        connection: &'a Connection,
        place: &'a str,
        head: &Overfoersel,
    ) -> Result<Received<'a>, Trouble> {
        let cache = Cache::enlarge(connection)?;
        let transaction = connection.unchecked_transaction()?;
        lock(&transaction)?;
        if let Some(known) = known(connection, head.overfoersel_id)? {
            return Ok(Received::Known(Box::new(known)));
        }
        let fagsystem = number(connection, head)?;
        let foer = connection.query_row(
            "SELECT coalesce(max(nr), 0) FROM registreringssvar",
            [],
            |row| row.get(0),
        )?;
        Ok(Received::New(Box::new(Self {
            head: head.clone(),
            fagsystem,
            lookups: Lookups::prepare(connection, fagsystem)?,
            writes: Writes::prepare(connection, fagsystem)?,
            first: connection.prepare(
                "SELECT nr, fingeraftryk, aarsag, tekst, restance FROM registreringssvar
                 WHERE registrering_id = ?1 AND foerste IS NULL",
            )?,
            answer: connection.prepare(
                "INSERT INTO registreringssvar
                     (nr, registrering_id, foerste, fingeraftryk, aarsag, tekst, restance)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            foer,
            antal: 0,
            afvist: 0,
            json: Vec::new(),
            transaction,
            _cache: cache,
            place,
        })))
    }

    fn enter(
        &mut self,
        sekvens: u32,
        registrering: &Debitorregistrering,
        brud: Option<Regel>,
    ) -> Result<Option<Afvisning>, Trouble> {
        let fingeraftryk = self.fingerprint(registrering);
        let (first, decided) = match self.first_answer(registrering)? {
            None => (None, judge(sekvens, registrering, brud, &mut self.lookups)?.map(Some)),
            Some(First { nr, fingeraftryk: same, afvisning }) if same == fingeraftryk => {
                (Some(nr), afvisning.map_or(Ok(None), Err))
            }
            Some(First { nr, .. }) => (Some(nr), Err(used_before())),
        };
        self.antal += 1;
        let nr = self.foer + Nr::from(self.antal);
        let afvisning = decided.as_ref().err();
        self.answer.execute(params![
            nr,
            Key(registrering.registrering_id.0),
            first,
            fingeraftryk,
            afvisning.map(|one| one.aarsag),
            afvisning.and_then(|one| one.tekst.as_ref()).map(Tekst::as_str),
            afvisning.and_then(|one| one.restance),
        ])?;
        match decided {
            Ok(booking) => {
                if let Some(booking) = booking {
                    self.writes.enter(nr, registrering, booking)?;
                }
                Ok(None)
            }
            Err(afvisning) => {
                self.afvist += 1;
                Ok(Some(afvisning))
            }
        }
    }

    fn first_answer(
        &mut self,
        registrering: &Debitorregistrering,
    ) -> rusqlite::Result<Option<First>> {
        self.first
            .query_row([Key(registrering.registrering_id.0)], |row| {
                let afvisning = afvisning(row, 2)?;
                Ok(First { nr: row.get(0)?, fingeraftryk: row.get(1)?, afvisning })
            })
            .optional()
    }

    /// The first eight bytes of the SHA-256 of what it says.
    fn fingerprint(&mut self, registrering: &Debitorregistrering) -> i64 {
        self.json.clear();
        let Ok(()) = serde_json::to_writer(&mut self.json, registrering) else {
            unreachable!("a registration is only made of what JSON can say")
        };
        let hash: [u8; 32] = Sha256::digest(&self.json).into();
        hash.first_chunk().copied().map_or(0, i64::from_be_bytes)
    }
}

fn used_before() -> Afvisning {
    let tekst = "Registreringen er brugt før med et andet indhold";
    Afvisning { aarsag: Afvisningsaarsag::Andet, tekst: Tekst::parse(tekst).ok(), restance: None }
}

/// The fagsystem's number, new or not.
fn number(connection: &Connection, head: &Overfoersel) -> rusqlite::Result<Nr> {
    connection.execute(
        "INSERT INTO fagsystem (navn) VALUES (?1) ON CONFLICT DO NOTHING",
        [&head.fagsystem],
    )?;
    let sql = "SELECT nr FROM fagsystem WHERE navn = ?1";
    connection.query_row(sql, [&head.fagsystem], |row| row.get(0))
}

impl Bogfoering for Intake<'_> {
    fn put(
        &mut self,
        sekvens: u32,
        registrering: &Debitorregistrering,
        brud: Option<Regel>,
    ) -> Result<Option<Afvisning>, StoreError> {
        self.enter(sekvens, registrering, brud).map_err(|trouble| trouble.at(self.place))
    }

    fn finish(
        self: Box<Self>,
        order: &KvitteringOrder<'_>,
        at: Moment,
    ) -> Result<(Bogfoert, Known), StoreError> {
        let place = self.place;
        let finish = || {
            let known = self.accept(order, at)?;
            let bogfoert = Bogfoert {
                kvittering: order.kvittering.clone(),
                antal_accepteret: self.antal - self.afvist,
                antal_afvist: self.afvist,
            };
            let Self { transaction, .. } = *self;
            crash::reached(Point::StoreCommitting);
            transaction.commit()?;
            crash::reached(Point::StoreCommitted);
            Ok((bogfoert, known))
        };
        finish().map_err(|trouble: Trouble| trouble.at(place))
    }
}

impl Intake<'_> {
    /// The file's acceptance, the transfer's row and the kvittering that is owed.
    fn accept(&self, order: &KvitteringOrder<'_>, at: Moment) -> Result<Known, Trouble> {
        let (connection, head) = (&*self.transaction, &self.head);
        let step = Step { about: Some(head.into()), ..Step::plain(Event::Accept) };
        let inbound = advance(connection, order.inbound, &step, at)?;
        let new = New {
            direction: Direction::Outbound,
            flow: &order.inbound.flow,
            place: order.place,
            state: State::Queued,
            size: None,
            about: Some(head.into()),
            node: inbound.node,
        };
        let (outbound, outbound_nr) = add(connection, &new, at)?;
        connection
            .prepare_cached(
                "INSERT INTO modtaget_overfoersel (overfoersel_id, kommunekode, myndighed_cvr,
                     fagsystem, dannet, kvitteret, kvittering_id, foer, antal_registreringer,
                     antal_afvist, inbound, outbound)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
                     (SELECT nr FROM transfer WHERE id = ?11), ?12)",
            )?
            .execute(params![
                Key(head.overfoersel_id.0),
                head.kommunekode,
                head.myndighed_cvr,
                self.fagsystem,
                Time(head.dannet),
                Time(order.kvittering.dannet),
                Key(order.kvittering.kvittering_id.0),
                self.foer,
                self.antal,
                self.afvist,
                Id(inbound.id),
                outbound_nr,
            ])?;
        Ok(Known { inbound, outbound })
    }
}
