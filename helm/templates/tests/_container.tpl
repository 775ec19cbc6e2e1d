{{/* "true" where the test pod is a member of the mesh: not with a sidecar that never ends, nor would the pod then. */}}
{{- define "test.inside" -}}
{{- $from := .Values.tests.from -}}
{{- $strict := and (eq (include "mtls.mode" .) "strict") (or .Values.mesh.proxy.nativeSidecar (include "mesh.ambient" .)) -}}
{{- if and (include "mesh.on" .) (or (eq $from "inside") (and (eq $from "auto") $strict)) -}}true{{- end -}}
{{- end -}}

{{/* "true" where the test may create and read: with a role and a token, where those are asked for. */}}
{{- define "test.calls" -}}
{{- $v := .Values -}}
{{- if and (or (not $v.authorization.enabled) $v.tests.serviceAccount (include "mtls.files" .)) (or (not $v.jwt.enabled) (not $v.jwt.required) $v.tests.tokenSecret) -}}true{{- end -}}
{{- end -}}

{{/* Not the service's own: no Service and no policy selects the test pod. */}}
{{- define "test.selectorLabels" -}}
app.kubernetes.io/name: {{ include "hook.name" (dict "root" . "suffix" "test") }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* One call of the server's own client; takes root and args. */}}
{{- define "test.container" -}}
image: {{ include "chart.image" (dict "root" .root "tag" "") | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
args:
  {{- toYaml .args | nindent 2 }}
  - --endpoint
  - {{ ternary "https" "http" (eq "true" (include "mtls.files" .root)) }}://{{ include "chart.fullname" .root }}.{{ .root.Release.Namespace }}.svc:{{ include "service.port" .root }}
  # A NetworkPolicy may know of this pod only after a while.
  - --wait
  - 30s
{{- if include "mtls.files" .root }}
  {{- include "mtls.args" . | nindent 2 }}
volumeMounts:
  - name: tls
    mountPath: /tls
    readOnly: true
{{- end }}
{{- with .root.Values.tests.tokenSecret }}
env:
  - name: BEARER_TOKEN
    valueFrom: {secretKeyRef: {name: {{ . | quote }}, key: token}}
{{- end }}
securityContext:
  {{- toYaml .root.Values.securityContext | nindent 2 }}
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
{{- end -}}

{{- define "test.volumes" -}}
{{- if include "mtls.files" . }}
- name: tls
  secret:
    secretName: {{ include "mtls.secret" . | quote }}
    defaultMode: 0440
{{- end }}
{{- end -}}
