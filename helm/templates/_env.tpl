#{% capture source %}§{% raw %}
# Variables of the server, from values.
{{/* Settings of the server that are no secrets: the ConfigMap's data. */}}
{{- define "env.settings" -}}
{{- $v := .Values -}}
LISTEN_ADDR: {{ printf "[::]:%v" $v.ports.grpc | quote }}
ADMIN_LISTEN_ADDR: {{ printf "[::]:%v" $v.ports.admin | quote }}
MESH_PROVIDER: {{ $v.mesh.provider | quote }}
UPSTREAM_RETRIES: {{ get (dict "mesh" "auto" "client" "on" "none" "off") $v.retries.layer | quote }}
{{- /* Each is the variable of its name. */}}
{{- range $name, $value := omit $v.settings "preStopSeconds" }}
{{- if ne (toString $value) "" }}
{{ snakecase $name | upper }}: {{ ternary (toString $value) (int64 $value | toString) (has (kindOf $value) (list "string" "bool")) | quote }}
{{- end }}
{{- end }}
{{- /*:[sqlite]*/}}
{{- if eq $v.store.type "sqlite" }}
STORE: {{ printf "sqlite:%s/store.db" $v.store.sqlite.path | quote }}
{{- end }}
{{- /*:[/sqlite]*/}}
{{- /*:[store]*/}}
{{- with $v.store.quota }}
STORE_QUOTA: {{ . | quote }}
{{- end }}
{{- with $v.store.eventRetention }}
EVENT_RETENTION: {{ . | quote }}
{{- end }}
{{- with $v.store.requestRetention }}
REQUEST_RETENTION: {{ . | quote }}
{{- end }}
{{- /*:[/store]*/}}
{{- /*:[nats]*/}}
{{- with $v.events.nats }}
{{- if and .url (not .existingSecret) }}
PUBLISH_TO: {{ .url | quote }}
{{- end }}
{{- with .subject }}
PUBLISH_SUBJECT: {{ . | quote }}
{{- end }}
{{- with .stream }}
PUBLISH_STREAM: {{ . | quote }}
{{- end }}
{{- if .credentialsSecret }}
PUBLISH_CREDENTIALS: {{ printf "/nats/%s" .credentialsKey | quote }}
{{- end }}
{{- end }}
{{- /*:[/nats]*/}}
{{- /*:[sample]*/}}
{{- with $v.inventory.endpoint }}
INVENTORY_ENDPOINT: {{ . | quote }}
{{- end }}
{{- with $v.inventory.settleAfter }}
INVENTORY_SETTLE_AFTER: {{ . | quote }}
{{- end }}
{{- /*:[/sample]*/}}
{{- range $name, $upstream := $v.upstreams }}
{{- with $upstream.endpoint }}
{{ upper $name }}_ENDPOINT: {{ . | quote }}
{{- end }}
{{- end }}
{{- /*:[postgres]*/}}
{{- if eq $v.store.type "postgres" }}
{{- with $v.store.postgres.connections }}
STORE_CONNECTIONS: {{ . | quote }}
{{- end }}
{{- end }}
{{- /*:[/postgres]*/}}
{{- if include "authorization.byService" . }}
CALLER_ROLES: {{ include "authorization.callerRoles" . | quote }}
TRUST_DOMAIN: {{ $v.mesh.trustDomain | quote }}
{{- end }}
OTEL_SERVICE_NAME: {{ include "chart.fullname" . }}
{{- with $v.otel.endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
OTEL_EXPORTER_OTLP_PROTOCOL: grpc
{{- end }}
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ $v.otel.sampleRatio | quote }}
{{- end -}}

{{/* What only the running pod knows, then the database's URL, then the user's. Takes root and version. */}}
{{- define "env.container" -}}
{{- $v := .root.Values -}}
- name: K8S_POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: K8S_POD_UID
  valueFrom: {fieldRef: {fieldPath: metadata.uid}}
- name: K8S_NODE_NAME
  valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
- name: OTEL_RESOURCE_ATTRIBUTES
  value: {{ include "env.resourceAttributes" . | quote }}
{{- /*:[postgres]*/}}
{{- if eq $v.store.type "postgres" }}
{{ include "env.postgres" .root }}
{{- end }}
{{- /*:[/postgres]*/}}
{{- /*:[nats]*/}}
{{- with $v.events.nats }}
{{- if .existingSecret }}
- name: PUBLISH_TO
  valueFrom: {secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}}
{{- end }}
{{- end }}
{{- /*:[/nats]*/}}
{{- with $v.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* As keys and values of OTEL_RESOURCE_ATTRIBUTES have to be: all else than letters, digits and -_.~ as %XX. */}}
{{- define "env.encoded" -}}
{{- toString . | urlquery | replace "+" "%20" -}}
{{- end -}}

{{- define "env.resourceAttributes" -}}
{{- $all := list
  (printf "service.namespace=%s" .root.Release.Namespace)
  (printf "service.version=%s" (include "env.encoded" .version))
  "service.instance.id=$(K8S_POD_UID)"
  (printf "k8s.namespace.name=%s" .root.Release.Namespace)
  "k8s.pod.name=$(K8S_POD_NAME)"
  "k8s.pod.uid=$(K8S_POD_UID)"
  "k8s.node.name=$(K8S_NODE_NAME)"
  "k8s.container.name=server"
  (printf "k8s.deployment.name=%s" .deployment) -}}
{{- with .root.Values.otel.environment -}}
{{- $all = append $all (printf "deployment.environment.name=%s" (include "env.encoded" .)) -}}
{{- end -}}
{{- range $key, $value := .root.Values.otel.resourceAttributes -}}
{{- $all = append $all (printf "%s=%s" (include "env.encoded" $key) (include "env.encoded" $value)) -}}
{{- end -}}
{{- join "," $all -}}
{{- end -}}

{{- /*:[postgres]*/}}
{{/* The database's URL is a secret and never in the ConfigMap. */}}
{{- define "env.postgres" -}}
- name: STORE
  valueFrom:
    secretKeyRef:
      name: {{ .Values.store.postgres.existingSecret | quote }}
      key: {{ .Values.store.postgres.key | quote }}
{{- end -}}
{{- /*:[/postgres]*/}}
{{/*{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}{% comment %}*/}}{% endcomment %}
