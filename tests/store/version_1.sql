BEGIN TRANSACTION;
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
INSERT INTO "experiments" VALUES(0,'Default','active',1795246703814,1795246703814,NULL);
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
INSERT INTO "latest_metrics" VALUES(1,'f1',0.9,0,2);
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
INSERT INTO "metrics" VALUES(1,'f1',0,2,0.9,0);
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
INSERT INTO "params" VALUES(1,'C','1');
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
INSERT INTO "runs" VALUES(1,'11111111111111111111111111111111',0,'kept','RUNNING',1,NULL,'ada','active',NULL);
CREATE TABLE steelyard_migrations (
	number INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	applied_at BIGINT NOT NULL, 
	PRIMARY KEY (number)
);
INSERT INTO "steelyard_migrations" VALUES(1,'first tables',1795246703815);
CREATE TABLE tags (
	run INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (run, "key"), 
	FOREIGN KEY(run) REFERENCES runs (id)
)
 WITHOUT ROWID

;
INSERT INTO "tags" VALUES(1,'team','nlp');
CREATE INDEX datasets_by_name ON datasets (name);
CREATE INDEX runs_by_start ON runs (experiment, lifecycle, start_time DESC, run_id);
CREATE INDEX artifacts_by_content ON artifacts (sha256);
CREATE INDEX models_by_experiment ON models (experiment);
CREATE INDEX models_by_run ON models (run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('experiments',0);
INSERT INTO "sqlite_sequence" VALUES('runs',1);
COMMIT;
