-- Files by page, however they are filtered: every filter is an equality on the first columns of one of
-- these for each (direction, state, flow) there is, and within those the rows stand in the order of
-- their numbers. The first one does all that transfer_state did.
DROP INDEX transfer_state;
CREATE INDEX transfer_standing ON transfer (direction, state, flow);
CREATE INDEX transfer_kommune ON transfer (kommunekode, direction, state, flow)
    WHERE kommunekode IS NOT NULL;
