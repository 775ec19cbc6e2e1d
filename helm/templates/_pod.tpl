{{/* The pod template; takes root, track (stable or canary), tag and deployment. */}}
{{- define "pod.template" -}}
{{- $v := .root.Values -}}
metadata:
  labels:
    {{- include "chart.labels" .root | trim | nindent 4 }}
    {{- include "pod.trackLabels" . | trim | nindent 4 }}
    {{- with include "inject.labels" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $v.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A changed setting restarts the pods.
    checksum/config: {{ include "env.settings" .root | sha256sum }}
    kubectl.kubernetes.io/default-container: server
    {{- with include "inject.annotations" .root | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- if $v.metrics.annotations }}
    prometheus.io/scrape: "true"
    prometheus.io/port: {{ $v.ports.admin | quote }}
    prometheus.io/path: /metrics
    {{- end }}
    {{- with $v.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "chart.serviceAccountName" .root }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ include "pod.graceSeconds" .root }}
  {{- with include "pod.pullSecrets" .root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  securityContext:
    {{- toYaml $v.podSecurityContext | nindent 4 }}
  containers:
    -
      {{- include "pod.container" . | trim | nindent 6 }}
  {{- with include "pod.volumes" .root | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
  {{- include "pod.placement" . | trim | nindent 2 }}
{{- end -}}

{{/* In the selector too: both tracks have the Service's labels. */}}
{{- define "pod.trackLabels" -}}
app.kubernetes.io/component: {{ .track }}
version: {{ ternary "v1" "v2" (eq .track "stable") }}
{{- end -}}

{{/* Time to leave the endpoints, to drain, and a little to flush. */}}
{{- define "pod.graceSeconds" -}}
{{- with .Values.settings -}}
{{- $ms := add (include "duration.ms" .drainDelay) (include "duration.ms" .drainTimeout) -}}
{{- add (int .preStopSeconds) (div (add $ms 999) 1000) 5 -}}
{{- end -}}
{{- end -}}

{{- define "pod.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "pod.volumes" -}}
{{- with .Values.store }}
{{- if eq .type "sqlite" }}
- name: store
  {{- if .sqlite.persistence.enabled }}
  persistentVolumeClaim:
    claimName: {{ default (include "chart.fullname" $) .sqlite.persistence.existingClaim }}
  {{- else }}
  emptyDir: {}
  {{- end }}
{{- end }}
{{- end }}
{{- if include "mtls.files" . }}
- name: tls
  secret:
    secretName: {{ include "mtls.secret" . }}
    defaultMode: 0440
{{- end }}
{{- if include "jwt.byService" . }}
- name: jwt
  configMap:
    name: {{ include "jwt.keys" . }}
{{- end }}
{{- with .Values.admin.tokenSecret }}
- name: admin
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- end -}}

{{- define "pod.volumeMounts" -}}
{{- if eq .Values.store.type "sqlite" }}
- name: store
  mountPath: {{ .Values.store.sqlite.path }}
{{- end }}
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
{{- end -}}

{{- define "pod.args" -}}
{{- if include "mtls.files" . }}
{{ include "mtls.args" (dict "root" .) }}
{{- end }}
{{- if include "jwt.byService" . }}
{{ include "jwt.args" . }}
{{- end }}
{{- with include "owners.args" . | trim }}
{{ . }}
{{- end }}
{{- if .Values.admin.tokenSecret }}
{{ include "admin.args" . }}
{{- end }}
{{- end -}}

{{- define "pod.container" -}}
{{- $v := .root.Values -}}
name: server
image: {{ include "chart.image" (dict "root" .root "tag" .tag) }}
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
# httpGet on a port of its own is the one probe every mesh lets through.
startupProbe:
  httpGet: {path: /startupz, port: admin}
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /livez, port: admin}
  periodSeconds: 10
  timeoutSeconds: 2
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 2
{{- if $v.settings.preStopSeconds }}
lifecycle:
  preStop:
    # Endpoints and proxies learn of the end before the listener closes.
    sleep:
      seconds: {{ $v.settings.preStopSeconds }}
{{- end }}
resources:
  {{- toYaml $v.resources | nindent 2 }}
{{- with include "pod.volumeMounts" .root | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "pod.placement" -}}
{{- $v := .root.Values -}}
{{- with $v.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $v.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if $v.topologySpread.enabled }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    # Counts only pods of the same revision.
    matchLabelKeys: [pod-template-hash]
    labelSelector:
      matchLabels:
        {{- include "chart.selectorLabels" $.root | trim | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}
