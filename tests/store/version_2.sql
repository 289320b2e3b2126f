BEGIN TRANSACTION;
CREATE TABLE answers (
	"key" TEXT NOT NULL, 
	answer BLOB NOT NULL, 
	made_at BIGINT NOT NULL, 
	PRIMARY KEY ("key")
)
 WITHOUT ROWID

;
CREATE TABLE artifacts (
	run INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	size BIGINT, 
	media_type TEXT NOT NULL, 
	derived_from TEXT, 
	PRIMARY KEY (run, path), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE assessment_history (
	trace INTEGER NOT NULL, 
	assessment_id TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	content TEXT NOT NULL, 
	action TEXT NOT NULL, 
	action_time BIGINT NOT NULL, 
	action_source TEXT, 
	PRIMARY KEY (trace, assessment_id, position), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE assessments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	trace INTEGER NOT NULL, 
	assessment_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	name TEXT NOT NULL, 
	valid BOOLEAN NOT NULL, 
	overrides TEXT, 
	number DOUBLE, 
	word TEXT, 
	content TEXT NOT NULL, 
	action TEXT NOT NULL, 
	action_time BIGINT NOT NULL, 
	action_source TEXT, 
	UNIQUE (trace, assessment_id), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
);
INSERT INTO "assessments" VALUES(1,1,'a-0','feedback','good',1,NULL,1.0,'true','{"name":"good","value":true,"source":{"source_type":"CODE","source_id":"default"},"trace_id":"tr-00000000000000000000000000000000","assessment_id":"a-0","create_time_ms":1795258161136,"last_update_time_ms":1795258161136}','created',1795258161170,NULL);
INSERT INTO "assessments" VALUES(2,2,'a-1','feedback','good',1,NULL,1.0,'true','{"name":"good","value":true,"source":{"source_type":"CODE","source_id":"default"},"trace_id":"tr-00000000000000000000000000000001","assessment_id":"a-1","create_time_ms":1795258161136,"last_update_time_ms":1795258161136}','created',1795258161170,NULL);
INSERT INTO "assessments" VALUES(3,3,'a-400','feedback','good',1,NULL,1.0,'true','{"name":"good","value":true,"source":{"source_type":"CODE","source_id":"default"},"trace_id":"tr-00000000000000000000000000000190","assessment_id":"a-400","create_time_ms":1795258161136,"last_update_time_ms":1795258161136}','created',1795258161170,NULL);
CREATE TABLE datasets (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	source_type TEXT NOT NULL, 
	source TEXT NOT NULL, 
	schema TEXT NOT NULL, 
	profile TEXT NOT NULL, 
	content TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (content)
);
CREATE TABLE estimates (
	run INTEGER NOT NULL, 
	metric TEXT NOT NULL, 
	slice TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	value DOUBLE, 
	n BIGINT NOT NULL, 
	missing BIGINT NOT NULL, 
	se DOUBLE, 
	low DOUBLE, 
	high DOUBLE, 
	confidence DOUBLE NOT NULL, 
	method TEXT NOT NULL, 
	worst DOUBLE, 
	best DOUBLE, 
	PRIMARY KEY (run, metric, slice), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE experiment_tags (
	experiment INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (experiment, "key"), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
)
 WITHOUT ROWID

;
CREATE TABLE experiments (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name TEXT NOT NULL, 
	lifecycle TEXT DEFAULT 'active' NOT NULL, 
	creation_time BIGINT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	deleted_time BIGINT, 
	UNIQUE (name)
);
INSERT INTO "experiments" VALUES(0,'Default','active',1795258161087,1795258161087,NULL);
CREATE TABLE inputs (
	run INTEGER NOT NULL, 
	dataset INTEGER NOT NULL, 
	context TEXT NOT NULL, 
	position INTEGER NOT NULL, 
	PRIMARY KEY (run, dataset, context), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(dataset) REFERENCES datasets (id)
)
 WITHOUT ROWID

;
CREATE TABLE latest_metrics (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value DOUBLE, 
	step BIGINT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE ledger_scorers (
	ledger INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	planned BIGINT DEFAULT '0' NOT NULL CHECK (planned >= 0), 
	pending BIGINT DEFAULT '0' NOT NULL CHECK (pending >= 0), 
	scored BIGINT DEFAULT '0' NOT NULL CHECK (scored >= 0), 
	scorer_error BIGINT DEFAULT '0' NOT NULL CHECK (scorer_error >= 0), 
	parse_error BIGINT DEFAULT '0' NOT NULL CHECK (parse_error >= 0), 
	refused BIGINT DEFAULT '0' NOT NULL CHECK (refused >= 0), 
	predict_failed BIGINT DEFAULT '0' NOT NULL CHECK (predict_failed >= 0), 
	over_budget BIGINT DEFAULT '0' NOT NULL CHECK (over_budget >= 0), 
	PRIMARY KEY (ledger, number), 
	CONSTRAINT outcomes_add_up CHECK (pending + scored + scorer_error + parse_error + refused + predict_failed + over_budget = planned), 
	FOREIGN KEY(ledger) REFERENCES ledgers (run) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE ledgers (
	run INTEGER NOT NULL, 
	data_digest TEXT NOT NULL, 
	predict_digest TEXT NOT NULL, 
	rows BIGINT NOT NULL, 
	repeats BIGINT NOT NULL, 
	owner TEXT NOT NULL, 
	heartbeat BIGINT NOT NULL, 
	finished BOOLEAN NOT NULL, 
	predicted BIGINT DEFAULT '0' NOT NULL CHECK (predicted >= 0), 
	predict_failed BIGINT DEFAULT '0' NOT NULL CHECK (predict_failed >= 0), 
	over_budget BIGINT DEFAULT '0' NOT NULL CHECK (over_budget >= 0), 
	input_tokens BIGINT DEFAULT '0' NOT NULL CHECK (input_tokens >= 0), 
	output_tokens BIGINT DEFAULT '0' NOT NULL CHECK (output_tokens >= 0), 
	cache_read_tokens BIGINT DEFAULT '0' NOT NULL CHECK (cache_read_tokens >= 0), 
	cache_write_tokens BIGINT DEFAULT '0' NOT NULL CHECK (cache_write_tokens >= 0), 
	reasoning_tokens BIGINT DEFAULT '0' NOT NULL CHECK (reasoning_tokens >= 0), 
	cost DOUBLE, 
	PRIMARY KEY (run), 
	CONSTRAINT no_more_than_planned CHECK (predicted + predict_failed + over_budget <= rows * repeats), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE metrics (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	step BIGINT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	value DOUBLE NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	PRIMARY KEY (run, "key", step, timestamp, value, is_nan), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE models (
	id INTEGER NOT NULL, 
	model_id TEXT NOT NULL, 
	name TEXT NOT NULL, 
	run INTEGER NOT NULL, 
	experiment INTEGER NOT NULL, 
	artifact_path TEXT NOT NULL, 
	flavor TEXT NOT NULL, 
	status TEXT NOT NULL, 
	creation_timestamp BIGINT NOT NULL, 
	params TEXT NOT NULL, 
	tags TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (model_id), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
CREATE TABLE params (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE predictions (
	ledger INTEGER NOT NULL, 
	"row" BIGINT NOT NULL CHECK ("row" >= 0), 
	repeat INTEGER NOT NULL CHECK (repeat >= 0), 
	outcome TEXT NOT NULL, 
	row_id TEXT NOT NULL, 
	trace_id TEXT, 
	output TEXT, 
	error TEXT NOT NULL, 
	latency DOUBLE, 
	usage TEXT, 
	PRIMARY KEY (ledger, "row", repeat), 
	UNIQUE (ledger, "row", repeat, outcome), 
	CONSTRAINT known_outcome CHECK (outcome IN ('predicted', 'predict_failed', 'over_budget')), 
	FOREIGN KEY(ledger) REFERENCES ledgers (run) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE runs (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id TEXT NOT NULL, 
	experiment INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	status TEXT NOT NULL, 
	start_time BIGINT NOT NULL, 
	end_time BIGINT, 
	user_id TEXT NOT NULL, 
	lifecycle TEXT DEFAULT 'active' NOT NULL, 
	deleted_time BIGINT, 
	UNIQUE (run_id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
CREATE TABLE spans (
	trace INTEGER NOT NULL, 
	span_id TEXT NOT NULL, 
	parent_id TEXT, 
	name TEXT NOT NULL, 
	type TEXT NOT NULL, 
	start_time BIGINT NOT NULL, 
	end_time BIGINT, 
	status TEXT NOT NULL, 
	description TEXT NOT NULL, 
	model TEXT NOT NULL, 
	input_tokens BIGINT, 
	output_tokens BIGINT, 
	cache_read_tokens BIGINT, 
	cache_write_tokens BIGINT, 
	reasoning_tokens BIGINT, 
	cost DOUBLE, 
	inputs TEXT, 
	outputs TEXT, 
	attributes TEXT, 
	events TEXT, 
	PRIMARY KEY (trace, span_id), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "spans" VALUES(1,'0000000000000001',NULL,'answer','CHAIN',1780000000000000000,1780000000500000000,'OK','','',NULL,NULL,NULL,NULL,NULL,NULL,'{"question":"q0"}','{"answer":"é "}','{"a":1.5}',NULL);
INSERT INTO "spans" VALUES(1,'0000000000000002','0000000000000001','chat','CHAT_MODEL',1780000000000000001,1780000000500000000,'UNSET','','gpt-4o',10,2,0,0,0,0.001,NULL,NULL,NULL,'[["exception",5,{"x":1}]]');
INSERT INTO "spans" VALUES(2,'0000000100000001',NULL,'answer','CHAIN',1780000001000000000,1780000001500000000,'OK','','',NULL,NULL,NULL,NULL,NULL,NULL,'{"question":"q1"}','{"answer":"é "}','{"a":1.5}',NULL);
INSERT INTO "spans" VALUES(2,'0000000100000002','0000000100000001','chat','CHAT_MODEL',1780000001000000001,1780000001500000000,'UNSET','','gpt-4o',10,2,0,0,0,0.001,NULL,NULL,NULL,'[["exception",5,{"x":1}]]');
INSERT INTO "spans" VALUES(3,'0000019000000001',NULL,'answer','CHAIN',1780000400000000000,1780000400500000000,'OK','','',NULL,NULL,NULL,NULL,NULL,NULL,'{"question":"q400"}','{"answer":"é "}','{"a":1.5}',NULL);
INSERT INTO "spans" VALUES(3,'0000019000000002','0000019000000001','chat','CHAT_MODEL',1780000400000000001,1780000400500000000,'UNSET','','gpt-4o',10,2,0,0,0,0.001,NULL,NULL,NULL,'[["exception",5,{"x":1}]]');
CREATE TABLE steelyard_migrations (
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	applied_at BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "steelyard_migrations" VALUES(1,'first tables',1795258161088);
INSERT INTO "steelyard_migrations" VALUES(2,'traces, assessments, ledgers',1795258161088);
CREATE TABLE tags (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
CREATE TABLE trace_runs (
	run INTEGER NOT NULL, 
	trace INTEGER NOT NULL, 
	PRIMARY KEY (run, trace), 
	FOREIGN KEY(run) REFERENCES runs (id), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
CREATE TABLE trace_tags (
	trace INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (trace, "key"), 
	FOREIGN KEY(trace) REFERENCES traces (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "trace_tags" VALUES(1,'k','v');
INSERT INTO "trace_tags" VALUES(2,'k','v');
INSERT INTO "trace_tags" VALUES(3,'k','v');
CREATE TABLE traces (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	trace_id TEXT NOT NULL, 
	experiment INTEGER NOT NULL, 
	request_time BIGINT NOT NULL, 
	duration DOUBLE, 
	state TEXT NOT NULL, 
	name TEXT, 
	session TEXT, 
	user_id TEXT, 
	client_request_id TEXT, 
	request_preview TEXT NOT NULL, 
	response_preview TEXT NOT NULL, 
	input_tokens BIGINT, 
	output_tokens BIGINT, 
	cache_read_tokens BIGINT, 
	cache_write_tokens BIGINT, 
	reasoning_tokens BIGINT, 
	cost DOUBLE, 
	n_spans INTEGER NOT NULL, 
	metadata TEXT NOT NULL, 
	UNIQUE (trace_id), 
	FOREIGN KEY(experiment) REFERENCES experiments (id)
);
INSERT INTO "traces" VALUES(1,'tr-00000000000000000000000000000000',0,1780000000000,500.0,'ERROR','answer',NULL,NULL,NULL,'q','a',10,2,0,0,0,0.001,2,'{}');
INSERT INTO "traces" VALUES(2,'tr-00000000000000000000000000000001',0,1780000001000,500.0,'OK','answer','s',NULL,NULL,'q','a',10,2,0,0,0,0.001,2,'{"mlflow.trace.session":"s"}');
INSERT INTO "traces" VALUES(3,'tr-00000000000000000000000000000190',0,1780000400000,500.0,'OK','answer','s',NULL,NULL,'q','a',10,2,0,0,0,0.001,2,'{"mlflow.trace.session":"s"}');
CREATE TABLE verdicts (
	ledger INTEGER NOT NULL, 
	"row" BIGINT NOT NULL, 
	repeat INTEGER NOT NULL, 
	scorer INTEGER NOT NULL, 
	prediction TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	feedbacks TEXT, 
	error TEXT NOT NULL, 
	latency DOUBLE, 
	usage TEXT, 
	cached BOOLEAN NOT NULL, 
	PRIMARY KEY (ledger, "row", repeat, scorer), 
	FOREIGN KEY(ledger, "row", repeat, prediction) REFERENCES predictions (ledger, "row", repeat, outcome) ON DELETE CASCADE, 
	FOREIGN KEY(ledger, scorer) REFERENCES ledger_scorers (ledger, number), 
	CONSTRAINT known_outcome CHECK (outcome IN ('scored', 'scorer_error', 'parse_error', 'refused', 'predict_failed', 'over_budget')), 
	CONSTRAINT only_predictions_are_scored CHECK ((prediction = 'predicted' AND outcome <> 'predict_failed') OR (prediction <> 'predicted' AND outcome = prediction))
)
 WITHOUT ROWID

;
CREATE INDEX datasets_by_name ON datasets (name);
CREATE INDEX runs_by_start ON runs (experiment, lifecycle, start_time DESC, run_id);
CREATE INDEX traces_by_time ON traces (experiment, request_time DESC, id DESC);
CREATE INDEX traces_by_client ON traces (experiment, client_request_id, request_time DESC, id DESC) WHERE client_request_id IS NOT NULL;
CREATE INDEX traces_by_session ON traces (experiment, session, request_time DESC, id DESC) WHERE session IS NOT NULL;
CREATE INDEX artifacts_by_content ON artifacts (sha256);
CREATE INDEX models_by_run ON models (run);
CREATE INDEX models_by_experiment ON models (experiment);
CREATE INDEX ledgers_by_data ON ledgers (data_digest);
CREATE INDEX trace_runs_by_trace ON trace_runs (trace);
CREATE TRIGGER predictions_counted_on_insert AFTER INSERT ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted + CASE WHEN NEW.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = NEW.ledger; END;
CREATE TRIGGER predictions_counted_on_delete AFTER DELETE ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted - CASE WHEN OLD.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = OLD.ledger; END;
CREATE TRIGGER predictions_counted_on_update AFTER UPDATE ON predictions FOR EACH ROW BEGIN UPDATE ledgers SET predicted = predicted - CASE WHEN OLD.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = OLD.ledger; UPDATE ledgers SET predicted = predicted + CASE WHEN NEW.outcome = 'predicted' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE run = NEW.ledger; END;
CREATE TRIGGER verdicts_counted_on_insert AFTER INSERT ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending - 1, scored = scored + CASE WHEN NEW.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error + CASE WHEN NEW.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error + CASE WHEN NEW.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused + CASE WHEN NEW.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = NEW.ledger AND number = NEW.scorer; END;
CREATE TRIGGER verdicts_counted_on_delete AFTER DELETE ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending + 1, scored = scored - CASE WHEN OLD.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error - CASE WHEN OLD.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error - CASE WHEN OLD.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused - CASE WHEN OLD.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = OLD.ledger AND number = OLD.scorer; END;
CREATE TRIGGER verdicts_counted_on_update AFTER UPDATE ON verdicts FOR EACH ROW BEGIN UPDATE ledger_scorers SET pending = pending + 1, scored = scored - CASE WHEN OLD.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error - CASE WHEN OLD.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error - CASE WHEN OLD.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused - CASE WHEN OLD.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed - CASE WHEN OLD.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget - CASE WHEN OLD.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = OLD.ledger AND number = OLD.scorer; UPDATE ledger_scorers SET pending = pending - 1, scored = scored + CASE WHEN NEW.outcome = 'scored' THEN 1 ELSE 0 END, scorer_error = scorer_error + CASE WHEN NEW.outcome = 'scorer_error' THEN 1 ELSE 0 END, parse_error = parse_error + CASE WHEN NEW.outcome = 'parse_error' THEN 1 ELSE 0 END, refused = refused + CASE WHEN NEW.outcome = 'refused' THEN 1 ELSE 0 END, predict_failed = predict_failed + CASE WHEN NEW.outcome = 'predict_failed' THEN 1 ELSE 0 END, over_budget = over_budget + CASE WHEN NEW.outcome = 'over_budget' THEN 1 ELSE 0 END WHERE ledger = NEW.ledger AND number = NEW.scorer; END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('experiments',0);
INSERT INTO "sqlite_sequence" VALUES('traces',3);
INSERT INTO "sqlite_sequence" VALUES('assessments',3);
COMMIT;
