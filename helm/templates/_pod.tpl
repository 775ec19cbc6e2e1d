#{% capture source %}§{% raw %}
# What the pods are made of.
{{/* The pod template; takes root, track (stable or canary), tag and deployment. */}}
{{- define "pod.template" -}}
{{- $v := .root.Values -}}
metadata:
  labels:
    {{- include "chart.allLabels" (dict "root" .root "own" (include "pod.ownLabels" .) "user" $v.podLabels) | nindent 4 }}
  annotations:
    {{- toYaml (merge (dict) $v.podAnnotations (include "pod.ownAnnotations" .root | fromYaml)) | nindent 4 }}
spec:
  serviceAccountName: {{ include "chart.serviceAccountName" .root | quote }}
  {{- include "pod.common" .root | trim | nindent 2 }}
  terminationGracePeriodSeconds: {{ default (include "pod.graceSeconds" .root) $v.terminationGracePeriodSeconds }}
  {{- with $v.readinessGates }}
  readinessGates:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $v.initContainers }}
  initContainers:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    -
      {{- include "pod.container" . | trim | nindent 6 }}
    {{- with $v.sidecars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "pod.volumes" .root | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- with include "pod.affinity" .root | fromYaml }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with include "pod.spread" .root | trim }}
  topologySpreadConstraints:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "pod.ownLabels" -}}
{{ include "pod.trackLabels" . }}
{{ include "inject.labels" .root }}
{{- end -}}

{{- define "pod.ownAnnotations" -}}
# A changed setting restarts the pods.
checksum/config: {{ include "env.settings" . | sha256sum }}
kubectl.kubernetes.io/default-container: server
{{ include "inject.annotations" . }}
{{- if .Values.metrics.annotations }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ .Values.ports.admin | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end -}}

{{/* Of the service's pods and of those of hooks: credentials, placement, names. */}}
{{- define "pod.common" -}}
{{- $v := .Values -}}
automountServiceAccountToken: false
enableServiceLinks: false
{{- if ne (toString $v.hostUsers) "" }}
hostUsers: {{ $v.hostUsers }}
{{- end }}
{{- with include "pod.pullSecrets" . | trim }}
{{ . }}
{{- end }}
securityContext:
  {{- toYaml $v.podSecurityContext | nindent 2 }}
{{- range $field := list "nodeSelector" "tolerations" "priorityClassName" "runtimeClassName" "schedulerName" "dnsPolicy" "dnsConfig" "hostAliases" }}
{{- with get $v $field }}
{{- if kindIs "string" . }}
{{ $field }}: {{ . | quote }}
{{- else }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* In the selector too: both tracks have the Service's labels. */}}
{{- define "pod.trackLabels" -}}
app.kubernetes.io/component: {{ .track }}
version: {{ ternary "v1" "v2" (eq .track "stable") }}
{{- /*:[sqlite]*/}}
{{- if eq .root.Values.store.type "sqlite" }}
store: sqlite
{{- end }}
{{- /*:[/sqlite]*/}}
{{- end -}}

{{/* Time to leave the endpoints, to drain, and a little to flush. */}}
{{- define "pod.graceSeconds" -}}
{{- with .Values.settings -}}
{{- $ms := add (include "duration.ms" .drainDelay) (include "duration.ms" .drainTimeout) -}}
{{- add (int .preStopSeconds) (div (add $ms 999) 1000) 5 -}}
{{- end -}}
{{- end -}}

{{- define "pod.pullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- $names = append $names (ternary . (get (ternary dict . (kindIs "string" .)) "name") (kindIs "string" .)) -}}
{{- end -}}
{{- with uniq $names -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "pod.volumes" -}}
{{- /*:[sqlite]*/}}
{{- with .Values.store }}
{{- if eq .type "sqlite" }}
- name: store
  {{- if .sqlite.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ default (include "chart.fullname" $) .sqlite.persistence.existingClaim | quote }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
{{- end }}
{{- /*:[/sqlite]*/}}
{{- if include "mtls.files" . }}
- name: tls
  secret:
    secretName: {{ include "mtls.secret" . | quote }}
    defaultMode: 0440
{{- end }}
{{- if include "jwt.byService" . }}
- name: jwt
  configMap:
    name: {{ include "jwt.keys" . | quote }}
{{- end }}
{{- with .Values.admin.tokenSecret }}
- name: admin
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- /*:[nats]*/}}
{{- with .Values.events.nats.credentialsSecret }}
- name: nats
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- /*:[/nats]*/}}
{{- with .Values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pod.volumeMounts" -}}
{{- /*:[sqlite]*/}}
{{- if eq .Values.store.type "sqlite" }}
- name: store
  mountPath: {{ .Values.store.sqlite.path | quote }}
{{- end }}
{{- /*:[/sqlite]*/}}
{{- if include "mtls.files" . }}
- name: tls
  mountPath: /tls
  readOnly: true
{{- end }}
{{- if include "jwt.byService" . }}
- name: jwt
  # No subPath: such a file would never change.
  mountPath: /jwt
  readOnly: true
{{- end }}
{{- if .Values.admin.tokenSecret }}
- name: admin
  mountPath: /admin
  readOnly: true
{{- end }}
{{- /*:[nats]*/}}
{{- if .Values.events.nats.credentialsSecret }}
- name: nats
  mountPath: /nats
  readOnly: true
{{- end }}
{{- /*:[/nats]*/}}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pod.args" -}}
{{- if include "mtls.files" . }}
{{ include "mtls.args" (dict "root" .) }}
{{- end }}
{{- if include "jwt.byService" . }}
{{ include "jwt.args" . }}
{{- end }}
{{- with include "tenants.args" . | trim }}
{{ . }}
{{- end }}
{{- /*:[store]*/}}
{{- with include "owners.args" . | trim }}
{{ . }}
{{- end }}
{{- /*:[/store]*/}}
{{- with include "trustDomain.args" . | trim }}
{{ . }}
{{- end }}
{{- if .Values.admin.tokenSecret }}
{{ include "admin.args" . }}
{{- end }}
{{- with .Values.extraArgs }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "pod.container" -}}
{{- $v := .root.Values -}}
name: server
image: {{ include "chart.image" (dict "root" .root "tag" .tag) | quote }}
imagePullPolicy: {{ $v.image.pullPolicy }}
securityContext:
  {{- toYaml $v.securityContext | nindent 2 }}
{{- with include "pod.args" .root | trim }}
args:
  {{- . | nindent 2 }}
{{- end }}
ports:
  - name: grpc
    containerPort: {{ $v.ports.grpc }}
  - name: admin
    containerPort: {{ $v.ports.admin }}
envFrom:
  - configMapRef:
      name: {{ include "chart.fullname" .root }}
  {{- with $v.extraEnvFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
env:
  {{- include "env.container" (dict "root" .root "version" (default (include "chart.version" .root) .tag) "deployment" .deployment) | trim | nindent 2 }}
# httpGet on a port of its own is the one probe every mesh lets through. Whoever
# answers has started, and may wait for its store as long as that takes: then it
# is not ready, and a restart would not help.
startupProbe:
  {{- include "pod.probe" (dict "path" "/livez" "own" (dict "periodSeconds" 1 "failureThreshold" 60) "user" $v.startupProbe) | nindent 2 }}
livenessProbe:
  {{- include "pod.probe" (dict "path" "/livez" "own" (dict "periodSeconds" 10 "timeoutSeconds" 2) "user" $v.livenessProbe) | nindent 2 }}
readinessProbe:
  {{- include "pod.probe" (dict "path" "/readyz" "own" (dict "periodSeconds" 5 "timeoutSeconds" 2) "user" $v.readinessProbe) | nindent 2 }}
{{- with include "pod.lifecycle" .root | fromYaml }}
lifecycle:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml $v.resources | nindent 2 }}
{{- with $v.resizePolicy }}
resizePolicy:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "pod.volumeMounts" .root | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /*:[sqlite]*/}}
{{/*
The user's, and on SQLite: nowhere in the cluster beside another of its kind. An
upgrade that allows two replicas first wants a second pod of the old kind,
which would serve a store of its own; so it waits until it is not wanted any more.
*/}}
{{- /*:[/sqlite]*/}}
{{- define "pod.affinity" -}}
{{- $affinity := deepCopy .Values.affinity -}}
{{- /*:[sqlite]*/}}
{{- if eq .Values.store.type "sqlite" -}}
{{- $alone := dict "topologyKey" "kubernetes.io/os" "labelSelector" (dict "matchLabels" (merge (include "chart.selectorLabels" . | fromYaml) (dict "store" "sqlite"))) -}}
{{- $anti := default dict $affinity.podAntiAffinity -}}
{{- $key := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $_ := set $anti $key (append (default list (get $anti $key)) $alone) -}}
{{- $_ := set $affinity "podAntiAffinity" $anti -}}
{{- end -}}
{{- /*:[/sqlite]*/}}
{{- toYaml $affinity -}}
{{- end -}}

{{/* A probe of the admin port; a handler of the user's takes its place. Takes path, own and user. */}}
{{- define "pod.probe" -}}
{{- $probe := dict -}}
{{- if not (or .user.httpGet .user.exec .user.grpc .user.tcpSocket) -}}
{{- $_ := set $probe "httpGet" (dict "path" .path "port" "admin") -}}
{{- end -}}
{{- toYaml (merge (dict) .user $probe .own) -}}
{{- end -}}

{{/* Endpoints and proxies learn of the end before the listener closes. */}}
{{- define "pod.lifecycle" -}}
{{- $own := dict -}}
{{- with .Values.settings.preStopSeconds -}}
{{- $_ := set $own "preStop" (dict "sleep" (dict "seconds" (int .))) -}}
{{- end -}}
{{- $user := deepCopy .Values.lifecycle -}}
{{- toYaml (merge $user (ternary dict $own (hasKey $user "preStop"))) -}}
{{- end -}}

{{/* Constraints that select nothing count this release's pods, and only those of the same revision. */}}
{{- define "pod.spread" -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "chart.selectorLabels" . | fromYaml)) "matchLabelKeys" (list "pod-template-hash") -}}
{{- $all := list -}}
{{- range .Values.topologySpreadConstraints -}}
{{- $all = append $all (merge (dict) . (ternary dict $own (hasKey . "labelSelector"))) -}}
{{- end -}}
{{- if $all -}}{{- toYaml $all -}}{{- end -}}
{{- end -}}

{{/* How pods are replaced, unless the user says. */}}
{{- define "pod.strategy" -}}
{{- if .Values.strategy }}
{{- toYaml .Values.strategy }}
{{- /*:[sqlite]*/}}
{{- else if eq .Values.store.type "sqlite" }}
# One writer: the old pod lets go of the volume before the new one starts.
type: Recreate
{{- /*:[/sqlite]*/}}
{{- else }}
type: RollingUpdate
rollingUpdate:
  maxSurge: 1
  maxUnavailable: 0
{{- end }}
{{- end -}}
{{/*{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}{% comment %}*/}}{% endcomment %}
