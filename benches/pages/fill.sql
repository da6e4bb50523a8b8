-- A large installation's store, made by statements: the program would take hours over it. Wanted are
-- the temporary tables kommune (nr from 0, kode), payout (nr from 0, dato, periode, at) and
-- size (pr_request, registreringer, transfers). Every payout but the newest is reported in full.

CREATE TEMP TABLE request AS
    SELECT p.nr * 98 + k.nr AS nr, k.kode, p.nr AS payout, p.dato, p.periode, p.at,
        (p.nr * 98 + k.nr) * pr_request AS foer, pr_request AS antal,
        p.nr < (SELECT max(nr) FROM payout) AS is_reported
    FROM payout p, kommune k, size;

INSERT INTO import (nr, at, mode, new)
    SELECT 1, '2024-01-01T00:00:00.000Z', 'upsert', 98 * pr_request FROM size;
INSERT INTO aftale (nr, aftale_id, kommunekode, cpr, beloeb, ydelsestype, gyldig_fra, prioritet,
        status, indlaest)
    WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i, size WHERE n < pr_request)
    SELECT k.nr * pr_request + n, 'A' || (k.nr * pr_request + n), k.kode, '0000000000', 160300, '01',
        '2020-01-01', 1, 'aktiv', 1
    FROM kommune k, size, i;

-- Of request nr: what came is 3 * nr + 1, what left 3 * nr + 2, the report 3 * nr + 3.
CREATE TEMP TABLE kind AS SELECT 1 AS nr, 'in' AS direction, 'sf2530' AS flow, 'ind' AS directory,
        'archived' AS state
    UNION ALL SELECT 2, 'out', 'sf2530', 'ud', 'published'
    UNION ALL SELECT 3, 'in', 'sf2520', 'rapport', 'archived';
INSERT INTO transfer (nr, id, direction, flow, endpoint, directory, name, state, size, sha256,
        kommunekode, forespoergsel_id, dispositionsdato, created_at, changed_at)
    SELECT 3 * r.nr + k.nr, printf('00000000-0000-7000-8000-%012x', 3 * r.nr + k.nr), k.direction,
        k.flow, 'here', k.directory, printf('%s_%04d_%s.txt', k.flow, r.kode, r.periode), k.state,
        100 * r.antal, printf('%064x', 3 * r.nr + k.nr), r.kode,
        printf('00000000-0000-7000-9000-%012x', r.nr), r.dato, r.at, r.at
    FROM request r, kind k WHERE k.nr < 3 OR r.is_reported;
INSERT INTO forespoergsel (nr, forespoergsel_id, kommunekode, forespoergselsdato, dispositionsdato,
        udbetalingsperiode, dannet, foer, antal_transaktioner, sum_beloeb, inbound, outbound)
    SELECT nr + 1, printf('00000000-0000-7000-9000-%012x', nr), kode, date(at), dato, periode, at,
        foer, antal, antal * 160300, 3 * nr + 1, 3 * nr + 2
    FROM request;
INSERT INTO forventning (nr, aftale)
    SELECT r.foer + a.nr - (r.nr % 98) * r.antal, a.nr
    FROM request r JOIN aftale a
        ON a.nr > (r.nr % 98) * r.antal AND a.nr <= (r.nr % 98 + 1) * r.antal;

-- One in ten falls short.
INSERT INTO udbetaling (nr, udbetaling_id, kommunekode, dispositionsdato, udbetalingsperiode,
        indlaest, rettelse, foer, antal_i_filen, antal_indberetninger, sum_beloeb, antal_afvist,
        inbound)
    SELECT nr + 1, printf('00000000-0000-7000-a000-%012x', nr), kode, dato, periode, at,
        'erstatter', foer, antal, antal, antal * 160300, 0, 3 * nr + 3
    FROM request WHERE is_reported;
INSERT INTO indberetning (nr, forventning, aftale_id, cpr, beloeb, udbetalingsdato, aarsag)
    SELECT f.nr, f.nr, 'A' || f.aftale, '0000000000', 160300 / (1 + (f.nr % 10 = 0)), r.dato, '00'
    FROM request r JOIN forventning f ON f.nr > r.foer AND f.nr <= r.foer + r.antal
    WHERE r.is_reported;
INSERT INTO indfrielse (forventning, forventet, modtaget, tilbagefoert, aarsag, sidste)
    SELECT nr, 160300, beloeb, 0, aarsag, nr FROM indberetning;

-- Of a hundred registrations five wait, four are on their way, one is rejected.
INSERT INTO fagsystem (nr, navn) VALUES (1, 'KY-DEBITOR');
CREATE TEMP TABLE overf AS
    WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i, size
        WHERE n < registreringer / 10000 + 1)
    SELECT n AS nr, (SELECT kode FROM kommune WHERE nr = n % 98) AS kode FROM i;
INSERT INTO transfer (nr, id, direction, flow, endpoint, directory, name, state, size, sha256,
        kommunekode, created_at, changed_at)
    SELECT 1000000 + nr, printf('00000000-0000-7000-8000-%012x', 1000000 + nr), 'out',
        'sf1590-fagsystem', 'here', 'debitor', printf('overfoersel_%d.txt', nr),
        CASE nr % 2 WHEN 0 THEN 'published' ELSE 'acknowledged' END, 2000000,
        printf('%064x', nr), kode, '2026-10-01T00:00:00.000Z', '2026-10-01T00:00:00.000Z'
    FROM overf;
INSERT INTO overfoersel (nr, overfoersel_id, kommunekode, fagsystem, myndighed_cvr, debitorsystem,
        dannet, foer, antal_registreringer, antal_poster, sum_hovedstol, sum_betalt,
        antal_besvaret, outbound)
    SELECT nr, randomblob(16), kode, 1, '64942212', 'OPUS', '2026-10-01T00:00:00Z', 10000 * nr,
        10000, 20000, 0, 0, CASE WHEN nr < 5 THEN 9000 ELSE 10000 END, 1000000 + nr
    FROM overf;
INSERT INTO transfer (nr, id, direction, flow, endpoint, directory, name, state, size, sha256,
        kommunekode, created_at, changed_at)
    SELECT 999999, '00000000-0000-7000-8000-00000000abcd', 'in', 'sf1590-fagsystem', 'here', 'debitor',
        'kvittering.txt', 'archived', 1, printf('%064x', 1), 101, '2026-10-02T00:00:00.000Z',
        '2026-10-02T00:00:00.000Z';
INSERT INTO forretningskvittering (nr, kvittering_id, overfoersel, dannet, indlaest,
        antal_accepteret, antal_afvist, antal_gentaget, antal_modsagt, antal_ukendt, inbound)
    VALUES (1, randomblob(16), 1, '2026-10-02T00:00:00Z', '2026-10-02T00:00:00.000Z', 1, 1, 0, 0,
        0, 999999);
INSERT INTO afsenderkonto (nr, debitorkonto_id, kommunekode, fagsystem, antal_accepteret)
    WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i, size
        WHERE n < registreringer / 2)
    SELECT n, randomblob(16), (SELECT kode FROM kommune WHERE nr = n % 98), 1, 1 FROM i;
INSERT INTO registrering (nr, registrering_id, konto, kommunekode, fagsystem, plads, operation,
        poster, hovedstol, betalt, modtaget, tilstand, klar, overfoersel, kvittering)
    WITH RECURSIVE i (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM i, size
        WHERE n + 1 < registreringer),
    r AS (SELECT n, n % 100 AS part, n / 2 + 1 AS konto FROM i)
    SELECT n + 1, randomblob(16), konto, (SELECT kode FROM kommune WHERE nr = konto % 98), 1, n + 1,
        '01', 2, 160300, 0, '2026-09-30T00:00:00.000Z',
        CASE WHEN part = 0 THEN 'afvist' WHEN part < 10 THEN 'modtaget' ELSE 'accepteret' END,
        part BETWEEN 5 AND 9,
        CASE WHEN part BETWEEN 5 AND 9 THEN NULL WHEN part BETWEEN 1 AND 4 THEN part
            ELSE 5 + n / 10000 % (SELECT max(nr) - 4 FROM overf) END,
        CASE WHEN part = 0 OR part > 9 THEN 1 END
    FROM r;
INSERT INTO afvisning (registrering, aarsag)
    SELECT nr, 1001 + nr / 100 % 10 FROM registrering WHERE tilstand = 'afvist';

-- The other files: repetitions of requests, one in a hundred rejected; five events each.
CREATE TEMP TABLE other AS
    WITH RECURSIVE i (n) AS (SELECT 2000000 UNION ALL SELECT n + 1 FROM i, size
        WHERE n + 1 < 2000000 + transfers)
    SELECT n AS nr, strftime('%Y-%m-%dT%H:%M:%S.000Z', '2024-01-01', (n % 1000000) || ' minutes')
        AS at, (SELECT kode FROM kommune WHERE nr = n % 98) AS kode, n % 100 = 0 AS is_bad
    FROM i;
INSERT INTO transfer (nr, id, direction, flow, endpoint, directory, name, state, size, sha256,
        kommunekode, created_at, changed_at, problem_class, problem_code, problem_text)
    SELECT nr, printf('00000000-0000-7000-8000-%012x', nr), 'in', 'sf2530', 'here', 'ind',
        printf('igen_%04d_%d.txt', kode, nr), CASE is_bad WHEN 1 THEN 'rejected' ELSE 'archived' END,
        130, printf('%064x', nr), kode, at, at, CASE is_bad WHEN 1 THEN 'reject' END,
        CASE is_bad WHEN 1 THEN 'empty-file' END, CASE is_bad WHEN 1 THEN 'it is cut off' END
    FROM other;
INSERT INTO event (transfer, at, event, from_state, to_state, row_sha256, sha256)
    SELECT o.nr, o.at, e.event, e.was, e.state, printf('%064x', o.nr), printf('%064x', o.nr)
    FROM other o, (SELECT NULL AS event, NULL AS was, 'seen' AS state
        UNION ALL SELECT 'fetch', 'seen', 'fetched' UNION ALL SELECT 'accept', 'fetched', 'accepted'
        UNION ALL SELECT 'archive', 'accepted', 'archived') e;
